// Posts to the service, as whom the host says: by its tokens, by a publishable key, or as nobody.

import { Failure, failureOf } from "./failure.js";

// A token that ends while a question is under way would be refused.
const MARGIN_S = 20;

export class Session {
  #api;
  #key;
  #tokenProvider;
  #opened = null; // { token, endsAt } of a key, only ever in memory

  // `tokenProvider` comes before `key`; it is asked for a token at each request.
  constructor({ api, key, tokenProvider }) {
    this.#api = api;
    this.#key = key;
    this.#tokenProvider = tokenProvider;
  }

  // The response of a request that succeeded; a refused token is renewed once.
  async post(path, body, { signal } = {}) {
    let response = await this.#send(path, body, await this.#token(signal), signal);
    if (response.status === 401 && (this.#tokenProvider || this.#key)) {
      this.#opened = null;
      response = await this.#send(path, body, await this.#token(signal), signal);
    }
    if (!response.ok) throw await failureOf(response);
    return response;
  }

  async #token(signal) {
    if (this.#tokenProvider) return this.#tokenProvider();
    if (!this.#key) return null;
    if (this.#opened === null || this.#opened.endsAt <= Date.now()) this.#opened = await this.#open(signal);
    return this.#opened.token;
  }

  async #open(signal) {
    const response = await this.#send("/v1/widget/session", null, this.#key, signal);
    if (!response.ok) throw await failureOf(response);
    const { token, expires_in_s: lastsS } = await response.json();
    return { token, endsAt: Date.now() + Math.max(0, lastsS - MARGIN_S) * 1000 };
  }

  async #send(path, body, token, signal) {
    const headers = {};
    if (body !== null) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    try {
      return await fetch(this.#api + path, {
        method: "POST",
        headers,
        body: body === null ? undefined : JSON.stringify(body),
        credentials: "omit",
        signal,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Failure("network");
    }
  }
}
