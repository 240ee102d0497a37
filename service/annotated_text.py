"""An answer's text as it grows, sentence by sentence, with the places of its citations in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.citations import CitedSentence
from service.response_schemas import UrlCitation


@dataclass(slots=True)
class AnnotatedText:
    """Sentences with their numbers, a blank between them; spans are without the numbers."""

    text: str = ""
    annotations: list[UrlCitation] = field(default_factory=list)

    def say(self, sentence: CitedSentence) -> tuple[str, list[UrlCitation]]:
        """Add a sentence; gives what was added to the text, and the sentence's annotations."""
        blank = " " if self.text else ""
        start = len(self.text) + len(blank)
        added = [
            UrlCitation(
                start_index=start,
                end_index=start + len(sentence.text),
                url=citation.hit.passage.url,
                title=citation.hit.passage.edition.title,
                number=citation.number,
            )
            for citation in sentence.citations
        ]
        self.annotations += added
        return self.append(blank + sentence.numbered), added

    def append(self, text: str) -> str:
        """Add text that rests on nothing, as it is."""
        self.text += text
        return text
