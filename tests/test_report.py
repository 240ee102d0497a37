"""The report's figures, worked out by hand on a dozen exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from io import StringIO

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from indexer import Drift, Index, TranslationType
from service.confidence import AbstainReason
from service.exchanges import CitedPassage, Exchange, Feedback, RatedExchange, exchange_of
from service.refusal_groups import MEANING_MIN, Embed, group_refusals, join_alike
from service.report import build_report, wilson_bound
from service.report_figures import CitedSection, DayCount, LocaleCount, Note, Origin, Report
from service.report_page import report_page
from service.report_tables import print_tables
from service.schemas import AskReply
from tests.exchanges import NOON, answered, feedback, refused
from tests.fake_index import FakeIndex
from tests.fakes import HashEmbedder
from tests.service_app import Client, build_app

SINCE, UNTIL = NOON - timedelta(days=1), NOON + timedelta(days=1)
DAY = 24 * 60


def cite(
    place: str, kind: TranslationType = TranslationType.MACHINE, drifted: bool | None = None
) -> CitedPassage:
    return CitedPassage(1, place, place.split("/", 1)[1].split("#")[0], kind, drifted)


def report(*rated: RatedExchange) -> Report:
    return build_report(rated, since=SINCE, until=UNTIL, open_model=lambda: None)


def rated(exchange: Exchange, *given: Feedback) -> RatedExchange:
    return RatedExchange(exchange, given[0] if given else None)


def test_a_report_without_exchanges_has_no_share() -> None:
    empty = report()
    assert (empty.questions, empty.answered, empty.share_answered) == (0, 0, None)
    assert (empty.locales, empty.days, empty.refusals, empty.liked, empty.origins) == ((), (), (), (), ())


def test_questions_are_counted_by_the_locale_asked_for() -> None:
    found = report(
        rated(answered("a"), feedback("a", "up")),
        rated(refused("b"), feedback("b", "down")),
        rated(answered("c", locale_requested="de-at", fallback=True, locale_answered="en-us")),
        rated(answered("d", locale_requested=None, locale_answered="ja-jp", conversation="c2")),
    )
    assert (found.questions, found.conversations, found.answered, found.share_answered) == (4, 2, 3, 0.75)
    assert (found.up, found.down) == (1, 1)
    assert found.locales == (
        LocaleCount("de-de", questions=2, answered=1, fallbacks=0, up=1, down=1),
        LocaleCount("de-at", questions=1, answered=1, fallbacks=1, up=0, down=0),
        LocaleCount("ja-jp", questions=1, answered=1, fallbacks=0, up=0, down=0),
    )
    assert found.locales[0].share_answered == 0.5


def test_questions_are_counted_by_day_in_utc() -> None:
    found = report(
        rated(answered("a")),
        rated(refused("b", minutes=11 * 60 + 59)),
        rated(answered("c", minutes=12 * 60)),
    )
    assert found.days == (DayCount(date(2024, 6, 10), 2, 1), DayCount(date(2024, 6, 11), 1, 1))


def test_refusals_are_counted_by_reason() -> None:
    found = report(
        rated(refused("a", reason=AbstainReason.OFF_TOPIC)), rated(refused("b")), rated(refused("c"))
    )
    assert found.abstained == (("not_stated", 2), ("off_topic", 1))


def test_sections_are_ranked_by_what_their_ratings_make_sure() -> None:
    mail, seats = "de-de/p/mail#stop.0", "de-de/p/seats#cancel.1"
    found = report(
        *[rated(answered(f"m{n}", citations=(cite(mail),)), feedback(f"m{n}", "up")) for n in range(9)],
        rated(answered("m9", citations=(cite(mail),)), feedback("m9", "down")),
        rated(answered("s0", citations=(cite(seats),)), feedback("s0", "up")),
        rated(answered("s1", citations=(cite(seats), cite("de-de/p/seats#cancel.2")))),
    )
    # 9 of 10 is surer than 1 of 1; another passage of a section is the same section, counted once.
    assert found.liked == (
        CitedSection("de-de/p/mail#stop", cited=10, up=9, down=1),
        CitedSection("de-de/p/seats#cancel", cited=2, up=1, down=0),
    )
    assert found.disliked == (CitedSection("de-de/p/mail#stop", cited=10, up=9, down=1),)


def test_the_bound_is_wilsons() -> None:
    # For 9 of 10: (.9 + .19208 - 1.96 * sqrt(.009 + .0096040)) / 1.38416
    assert wilson_bound(9, 1) == pytest.approx((1.09208 - 1.96 * 0.0186040**0.5) / 1.38416)
    assert wilson_bound(1, 0) == pytest.approx(1 / (1 + 1.96**2))
    assert wilson_bound(0, 5) == pytest.approx(0)
    assert wilson_bound(0, 0) == 0


def test_feedback_reasons_are_counted() -> None:
    found = report(
        rated(answered("a"), feedback("a", "down", "outdated", "other")),
        rated(answered("b"), feedback("b", "down", "outdated")),
    )
    assert found.reasons == (("outdated", 2), ("other", 1))


def test_citations_are_counted_by_origin_and_by_drift() -> None:
    machine, source = TranslationType.MACHINE, TranslationType.SOURCE
    found = report(
        rated(
            answered("a", citations=(cite("l/a#b.0", machine, True), cite("l/a#b.1", machine, True))),
            feedback("a", "down"),
        ),
        rated(answered("b", citations=(cite("l/a#b.0", machine), cite("l/c#d.0", source, False)))),
    )
    assert found.origins == (
        Origin(machine, citations=3, changed=2, unknown=1, up=0, down=2),
        Origin(source, citations=1, changed=0, unknown=0, up=0, down=0),
    )
    assert found.outdated == (CitedSection("l/a#b", cited=1, up=0, down=1),)


@pytest.mark.parametrize(
    ("drift", "changed", "unknown"),
    [
        (None, 0, 0),  # nothing newer exists
        (Drift("ja-jp", date(2024, 6, 3), True, "New."), 1, 0),
        (Drift("ja-jp", date(2024, 6, 3), False, None), 0, 0),
        (Drift("ja-jp", date(2024, 6, 3), None, None), 0, 1),
    ],
)
def test_an_answered_question_is_counted_by_what_its_citations_say_of_newer_versions(
    drift: Drift | None, changed: int, unknown: int
) -> None:
    drifts = {} if drift is None else {("de-de", "partner-help/mail"): drift}
    client = Client(build_app(FakeIndex(drifts=drifts)))
    reply = AskReply.model_validate(
        client.ask("Darf der Anbieter wegen Störungen an Kunden schreiben?", locale="de-de")
    )
    assert len(reply.citations) == 1
    exchange = exchange_of(reply, question="", asked_at=NOON, client_key=None, keep_texts=False)
    [origin] = report(rated(exchange)).origins
    assert (origin.citations, origin.changed, origin.unknown) == (1, changed, unknown)


def test_refusals_by_filters_alone_are_no_gap_of_the_articles() -> None:
    reply = AskReply.model_validate(
        Client(build_app()).ask("Schreibt der Anbieter?", locale="de-de", filters={"roles": []})
    )
    filtered = exchange_of(reply, question="x", asked_at=NOON, client_key=None, keep_texts=True)
    found = report(rated(filtered), rated(refused("b")), rated(answered("c")))
    assert (found.questions, found.answered, found.nothing_allowed) == (3, 1, 1)
    assert found.abstained == (("not_stated", 1),)
    assert [group.size for group in found.refusals] == [1]
    said = "1 more: nothing was allowed by the filters"
    printed = StringIO()
    print_tables(found, Console(file=printed, width=100))
    assert said in printed.getvalue()
    assert f"<p>{said}.</p>" in report_page(found)
    # By itself, too.
    assert f"<p>{said}.</p>" in report_page(report(rated(filtered)))


def test_the_newest_notes_come_first() -> None:
    found = report(
        rated(answered("a"), feedback("a", "down", "outdated", note="old", minutes=5)),
        rated(answered("b"), feedback("b", "up", note="new", minutes=9)),
        rated(answered("c"), feedback("c", "up")),
    )
    assert found.notes == (
        Note(date(2024, 6, 10), "de-de", "up", (), "new"),
        Note(date(2024, 6, 10), "de-de", "down", ("outdated",), "old"),
    )


# Refusals, grouped


def no_model() -> Embed | None:
    raise AssertionError("no model is needed")


def test_without_texts_refusals_are_grouped_by_the_nearest_article() -> None:

    def bare(id_: str, article: str | None, locale: str = "de-de") -> Exchange:
        return refused(id_, question=None, answer=None, nearest_article=article, locale_requested=locale)

    found = group_refusals(
        [
            bare("a", "p/mail"),
            bare("b", "p/seats", "ja-jp"),
            bare("c", "p/seats"),
            bare("d", None),
        ],
        open_model=no_model,
    )
    assert [(group.size, group.by, group.questions, group.articles, group.locales) for group in found] == [
        (2, "nearest_article", (), ("p/seats",), ("de-de", "ja-jp")),
        (1, "nearest_article", (), (), ("de-de",)),
        (1, "nearest_article", (), ("p/mail",), ("de-de",)),
    ]


def subjects(count: int) -> list[Exchange]:
    """Refused questions on three subjects in turn, each in words of its own kind."""
    words = (["invoice", "tax", "due"], ["seat", "licence", "user"], ["password", "login", "reset"])
    return [
        refused(
            str(n),
            minutes=n,
            question=f"{words[n % 3][n % 2]} {words[n % 3][2]} {words[n % 3][0]}",
            nearest_article=f"p/{n}",
        )
        for n in range(count)
    ]


def test_texts_are_grouped_by_meaning_whatever_their_nearest_articles() -> None:
    found = group_refusals(subjects(MEANING_MIN), open_model=lambda: HashEmbedder(256).embed_question)
    assert [(group.size, group.by) for group in found] == [(7, "meaning"), (7, "meaning"), (6, "meaning")]
    assert {question.split()[1] for question in found[2].questions} == {"reset"}
    # Each question once, the newest first, three articles of the newest members.
    assert found[2].questions == ("login reset password", "password reset password")
    assert len(found[0].articles) == 3


def test_too_few_texts_for_a_mean_are_grouped_by_the_nearest_article() -> None:
    found = group_refusals(subjects(MEANING_MIN - 1), open_model=no_model)
    assert {(group.size, group.by) for group in found} == {(1, "nearest_article")}


def test_without_a_model_texts_are_grouped_by_the_nearest_article() -> None:
    found = group_refusals(subjects(MEANING_MIN), open_model=lambda: None)
    assert {(group.size, group.by) for group in found} == {(1, "nearest_article")}
    assert found[0].questions != ()


def planes(angles: Sequence[float]) -> NDArray[np.float32]:
    """Unit vectors at these degrees, and their opposites, so that the mean is zero."""
    rows = [(np.cos(np.radians(a)), np.sin(np.radians(a))) for a in angles]
    return np.array([*rows, *[(-x, -y) for x, y in rows]], np.float32)


def test_rows_are_joined_as_long_as_they_are_alike_on_average() -> None:
    # cos 60 = .5, cos 120 = -.5: 60 joins 0; 120 is .5 from 60 and -.5 from 0, on average 0.
    assert join_alike(planes([0, 60, 120]), like=0.4) == [[0, 1], [2, 3], [4, 5]]
    assert join_alike(planes([0, 60, 120]), like=0.6) == [[0], [1], [2], [3], [4], [5]]
    assert join_alike(planes([0, 10, 20]), like=0.9) == [[0, 1, 2], [3, 4, 5]]


def test_one_row_is_one_group_and_equal_rows_are_one() -> None:
    assert join_alike(np.ones((1, 4), np.float32)) == [[0]]
    alike = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert join_alike(alike) == [[0, 1], [2]]


def test_groups_do_not_depend_on_the_scale_of_the_vectors() -> None:
    generator = np.random.default_rng(7)
    vectors = generator.normal(size=(40, 8)).astype(np.float32)
    groups = join_alike(vectors)
    assert sorted(row for group in groups for row in group) == list(range(40))
    assert join_alike(vectors * 4) == groups


def test_more_groups_than_are_shown_are_counted() -> None:
    found = report(*[rated(refused(str(n), nearest_article=f"p/{n:02}")) for n in range(53)])
    assert (len(found.refusals), found.refusals_left_out) == (50, 3)


ASKED = (
    ("What does a seat cost per month?", "Was kostet ein Platz im Monat?",
     "シートの月額料金はいくらですか？"),
    ("Tell me a joke.", "Erzähl mir einen Witz.", "冗談を言ってください。"),
    ("How do I reset a customer's phone?", "Wie setze ich das Telefon eines Kunden zurück?",
     "お客様の電話をリセットする方法は？"),
    ("Which days is support closed?", "An welchen Tagen ist der Support geschlossen?",
     "サポートの休業日はいつですか？"),
    ("Are you a human or a robot?", "Bist du ein Mensch oder ein Roboter?",
     "あなたは人間ですか、ロボットですか？"),
    ("Can I pay by direct debit?", "Kann ich per Lastschrift zahlen?", "口座振替で支払えますか？"),
    ("Where can I download the mobile app?", "Wo kann ich die mobile App herunterladen?",
     "モバイルアプリはどこでダウンロードできますか？"),
)  # fmt: skip


@pytest.mark.model
def test_the_real_model_brings_the_same_question_in_three_languages_together(sample_index: Index) -> None:
    # Oldest first by language, so that no group is made of neighbours.
    texts = [(subject, wordings[n]) for n in range(3) for subject, wordings in enumerate(ASKED)]
    asked = [refused(str(n), question=text, nearest_article=f"p/{n}") for n, (_, text) in enumerate(texts)]
    found = group_refusals(asked, open_model=lambda: sample_index.embedder.embed_question)
    subject_of = {text: subject for subject, text in texts}
    kinds = [{subject_of[question] for question in group.questions} for group in found]
    assert sum(len(kind) > 1 for kind in kinds) <= 1
    assert sum(group.size == 3 for group in found) >= 3
