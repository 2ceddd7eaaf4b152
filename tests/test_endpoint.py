"""A server that misbehaves in any way leaves the quotes, one plain line, and nothing unchecked."""

from __future__ import annotations

import gzip
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag import assemble, contract
from rag.ask import Checked, Parts, ask, stream
from rag.errors import GeneratorFailed, ModelMissing, SettingsError
from rag.filters import Filters
from rag.library.folder import Library
from rag.models import endpoint
from rag.models.endpoint import EndpointGenerator
from rag.records import Mode, Outcome, Reply, Sentence, Usage
from rag.settings import ENDPOINT_KEY, Settings, read_settings
from rag.verify import RuleScorer
from tests.conftest import ROOT
from tests.endpoint_server import MODEL, Behaviour, Exchange, Server, echo, serving
from tests.stand_ins import HashEmbedder
from ui import doctor

BIRDS = "The heron nests in the willow by the weir. It eats small fish at dawn."
SIZE = "GPT-3, to give one known size, has 175 billion parameters."
GERMAN = "Das Modell GPT-3 hat 175 Milliarden Parameter."
TEXTS = {"birds.txt": BIRDS, "size.txt": SIZE, "german.txt": GERMAN}
QUESTION = "Where does the heron nest?"
KEY = "sk-very-secret"
EVIL = "The heron nests on Jupiter"
AT_ONCE = (20.0, 30.0)
"""Limits in seconds that a server which answers at once does not reach on a busy machine."""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("endpoint")
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    made = Library.create(folder / "library")
    with Parser() as parser:
        load([folder / name for name in TEXTS], made, HashEmbedder, parser)
    yield made
    made.close()


def _generator(server: Server, limits: tuple[float, float] = AT_ONCE) -> EndpointGenerator:
    return EndpointGenerator(MODEL, server.url, first_piece=limits[0], whole=limits[1])


def _parts(library: Library, server: Server, limits: tuple[float, float] = AT_ONCE) -> Parts:
    embedder = HashEmbedder()
    return Parts((library,), embedder, RuleScorer(), _generator(server, limits), enough=0)


def _ask(
    parts: Parts, question: str = QUESTION, document: str = "birds.txt", mode: Mode = Mode.GENERATE
) -> Reply:
    return ask(question, parts, mode=mode, filters=Filters(documents=(document,)))


# -- what breaks off -------------------------------------------------------------------------


def silent(exchange: Exchange) -> None:
    exchange.over.wait(20)


def drips_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nX: ")
    while not exchange.over.wait(0.05):
        exchange.send(b"a")


def drips_comments(exchange: Exchange) -> None:
    exchange.begin()
    while not exchange.over.wait(0.05):
        exchange.send(b": still thinking\n\n")


def slow_words(exchange: Exchange) -> None:
    exchange.begin()
    while not exchange.over.wait(0.3):
        exchange.chunk({"content": f"{EVIL} "})


def endless_line(exchange: Exchange) -> None:
    exchange.begin()
    while not exchange.over.is_set():
        exchange.send(b"data: " + b"a" * 65536)


def midway(exchange: Exchange) -> None:
    exchange.begin()
    exchange.chunk({"content": f"{EVIL}."})


def midway_and_short(exchange: Exchange) -> None:
    exchange.begin(Content_Length="100000")
    exchange.chunk({"content": f"{EVIL}."})


def error_event(exchange: Exchange) -> None:
    exchange.begin()
    exchange.chunk({"content": f"{EVIL}."})
    exchange.event({"error": {"message": f"{EVIL}, and your key is {KEY}"}})


def filtered(exchange: Exchange) -> None:
    exchange.say(f"{EVIL}.", finish="content_filter")


def half_a_character(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(b'data: {"choices": [{"delta": {"content": "\xc3"}}]}\n\n')


def invalid_json(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(f'data: {{"choices": {EVIL}\n\n'.encode())


def html(exchange: Exchange) -> None:
    exchange.begin(kind="text/html")
    exchange.send(f"<html><body><h1>{EVIL}</h1></body></html>".encode())


def odd_shapes(exchange: Exchange) -> None:
    exchange.begin()
    exchange.event({"choices": [{"delta": {"content": [EVIL]}}]})


def no_object(exchange: Exchange) -> None:
    exchange.begin()
    exchange.event([EVIL])


def packed(exchange: Exchange) -> None:
    exchange.begin(Content_Encoding="gzip")
    exchange.send(gzip.compress(b"data: " + b"a" * 10_000_000))


def _status(code: int, **headers: str) -> Behaviour:
    def behave(exchange: Exchange) -> None:
        exchange.begin(code, "application/json", **headers)
        exchange.send(f'{{"error": {{"message": "{EVIL}; key {KEY}"}}}}'.encode())

    return behave


BREAKS: list[tuple[Behaviour, str]] = [
    (silent, "not done within 0.6 s"),
    (drips_headers, "not done within 0.6 s"),
    (drips_comments, "not done within 0.6 s"),
    (slow_words, "not done within"),
    (endless_line, "sent more than any answer takes"),
    (midway, "broke off in the middle"),
    (midway_and_short, "broke the connection off"),
    (error_event, "broke off with an error"),
    (filtered, "broke off before its end"),
    (half_a_character, "no answer of an OpenAI-compatible server"),
    (invalid_json, "no answer of an OpenAI-compatible server"),
    (html, "no answer of an OpenAI-compatible server"),
    (odd_shapes, "no answer of an OpenAI-compatible server"),
    (no_object, "no answer of an OpenAI-compatible server"),
    (packed, "no answer of an OpenAI-compatible server"),
    (_status(400), "refused the request"),
    (_status(401), "does not accept the key"),
    (_status(404), "no such model or address"),
    (_status(429, Retry_After="100"), "too busy"),
    (_status(500, Retry_After_Ms="1"), "a fault of its own"),
]


@pytest.mark.parametrize(
    ("behave", "said"), BREAKS, ids=[f"{each[0].__name__}-{each[1]}" for each in BREAKS]
)
def test_whatever_breaks_leaves_the_quotes_and_one_line(
    library: Library, server: Server, monkeypatch: pytest.MonkeyPatch, behave: Behaviour, said: str
) -> None:
    monkeypatch.setenv(ENDPOINT_KEY, KEY)
    server.behave = behave
    limits = (0.6, 1.2) if "within" in said else AT_ONCE
    began = time.monotonic()
    reply = _ask(_parts(library, server, limits))
    assert time.monotonic() - began < limits[1] + 1
    assert (reply.mode, reply.answer.outcome) == (Mode.QUOTE, Outcome.SUPPORTED)
    assert "nests in the willow" in reply.answer.text
    assert len(reply.notes) == 1
    assert said in reply.notes[0]
    assert "\n" not in reply.notes[0]
    assert reply.usage == Usage(None, None)
    everything = repr(reply)
    assert EVIL not in everything
    assert KEY not in everything


def test_a_server_that_is_down_is_said(library: Library) -> None:
    with serving() as server:
        pass
    reply = _ask(_parts(library, server))
    assert "cannot be reached" in reply.notes[0]
    assert "nests in the willow" in reply.answer.text


def test_a_redirect_is_not_followed(library: Library, server: Server) -> None:
    with serving() as other:
        server.behave = _status(307, Location=f"{other.url}/chat/completions")
        reply = _ask(_parts(library, server))
        assert "points to another address" in reply.notes[0]
        assert other.asked == []


def test_a_busy_server_is_asked_again_a_few_times(server: Server) -> None:
    def behave(exchange: Exchange) -> None:
        busy = _status(429, Retry_After_Ms="1")
        (busy if len(server.asked) < 3 else echo)(exchange)

    server.behave = behave
    assert "".join(_generator(server).phrase(QUESTION, "A heron.")) == "A heron. "
    server.asked.clear()
    server.behave = _status(503, Retry_After_Ms="1")
    with pytest.raises(GeneratorFailed):
        list(_generator(server).phrase(QUESTION, "A heron."))
    assert len(server.asked) == 3


# -- what is written but no good ---------------------------------------------------------------


def _says(*pieces: str, finish: str = "stop") -> Behaviour:
    return lambda exchange: exchange.say(*pieces, finish=finish)


def endless(exchange: Exchange) -> None:
    exchange.begin()
    while not exchange.over.is_set():
        exchange.chunk({"content": "heron willow "})


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (_says(), "wrote nothing"),
        (_says("\n", " \n"), "wrote nothing"),
        (_says("zxq ", "7f3b ", "]]}> ", "\x1b[31m", "\u202e"), "does not stand"),
        (lambda exchange: exchange.say(exchange.body["messages"][0]["content"]), "words stand"),
        (lambda exchange: exchange.say(QUESTION), "repeats the question"),
        (_says("Der Reiher nistet in der Weide am Wehr."), "another language"),
        (_says("苍鹭在堰边的柳树上筑巢。"), "another language"),
        (_says(f"{EVIL}."), "jupiter"),
        (_says("The heron does not nest in the willow."), "denies"),
        (_says("The heron nests in the", finish="length"), "breaks off"),
        (endless, "breaks off"),
        (_says(*["The heron nests in the willow, "] * 4, "nests."), "again and again"),
    ],
)
def test_what_is_no_good_is_withheld(
    library: Library, server: Server, behave: Behaviour, reason: str
) -> None:
    server.behave = behave
    reply = _ask(_parts(library, server))
    assert reply.answer.outcome is Outcome.WITHHELD
    assert reply.answer.text == ""
    assert any("nests in the willow" in quote.text for quote in reply.answer.quotes_only)
    reasons = [why for each in reply.answer.withheld for why in each.reasons]
    assert any(reason in why for why in reasons), reasons
    for each in reply.answer.withheld:
        assert each.text.isprintable()
    crossed = "another language" in reason
    assert [note for note in reply.notes if "another language" in note] == list(reply.notes)
    assert bool(reply.notes) is crossed


@pytest.mark.parametrize(
    ("question", "good", "wrong"),
    [
        ("Wie viele Parameter hat GPT-3?", "175 Milliarden Parameter", "175 Millionen Parameter"),
        (
            "Combien de paramètres a GPT-3 ?",
            "175 milliards de paramètres",
            "175 millions de paramètres",
        ),
        ("¿Cuántos parámetros tiene GPT-3?", "175 mil millones", "175 millones de parámetros"),
        ("Hoeveel parameters heeft GPT-3?", "175 miljard parameters", "175 miljoen parameters"),
        ("GPT-3有多少参数？", "GPT-3有1750亿个参数", "GPT-3有175个参数"),
    ],
)
def test_no_sentence_passes_across_languages(
    library: Library, server: Server, question: str, good: str, wrong: str
) -> None:
    for sentence in (good, wrong, f"GPT-3: {wrong}."):
        server.behave = _says(sentence)
        reply = _ask(_parts(library, server), question, "size.txt")
        assert reply.answer.outcome is Outcome.WITHHELD
        assert [quote.text for quote in reply.answer.quotes_only] == [SIZE]
        assert any("quotes are in another language" in note for note in reply.notes)
    assert "Use the language of the question." in server.asked[-1].said


def test_a_sentence_in_the_language_of_its_quote_is_checked_as_ever(
    library: Library, server: Server
) -> None:
    server.behave = _says("GPT-3 hat 175 Milliarden Parameter.")
    reply = _ask(_parts(library, server), "Wie viele Parameter hat GPT-3?", "german.txt")
    assert (reply.answer.outcome, reply.notes) == (Outcome.SUPPORTED, ())


# -- what is good ------------------------------------------------------------------------------


def test_a_character_in_halves_is_put_together(server: Server) -> None:
    server.behave = _says("The \ud83e", "\udd86 swims\ud83e", "x")
    assert "".join(_generator(server).phrase(QUESTION, "x")) == "The 🦆 swims\ufffdx"

    def bytes_in_halves(exchange: Exchange) -> None:
        exchange.begin()
        for part in (b'data: {"choices": [{"delta": {"content": "\xf0\x9f', b"\xa6"):
            exchange.send(part)
            time.sleep(0.05)
        exchange.send(b'\x86"}, "finish_reason": "stop"}]}\n\n')

    server.behave = bytes_in_halves
    assert "".join(_generator(server).phrase(QUESTION, "x")) == "🦆"


def test_only_the_first_line_is_taken_and_its_usage_believed_if_it_can_be(server: Server) -> None:
    def behave(exchange: Exchange) -> None:
        usage = {"prompt_tokens": -5, "completion_tokens": "many"}
        exchange.say("\n\n", "A heron.\nMore", "\nand more", usage=usage)

    server.behave = behave
    pieces = _generator(server).phrase(QUESTION, "x")
    assert next(pieces) == "A heron."
    with pytest.raises(StopIteration) as end:
        next(pieces)
    assert end.value.value == Usage(None, None)


def test_the_first_checked_sentence_comes_before_the_rest_is_written(
    library: Library, server: Server
) -> None:
    def behave(exchange: Exchange) -> None:
        if len(server.asked) == 1:
            echo(exchange)
        else:
            silent(exchange)

    server.behave = behave
    filters = Filters(documents=("birds.txt",))
    for event in stream(QUESTION, _parts(library, server), mode=Mode.GENERATE, filters=filters):
        if isinstance(event, Checked):
            assert isinstance(event.part, Sentence)
            assert event.part.support
            break
    else:
        raise AssertionError("no checked sentence came")


def test_tokens_are_counted_over_the_sentences_and_priced(library: Library, server: Server) -> None:
    parts = _parts(library, server)
    priced = replace(parts, price_in=2.0, price_out=10.0)
    reply = _ask(priced)
    read = sum(len(each.said.split()) for each in server.asked)
    assert len(server.asked) == 2
    assert reply.usage.tokens_in == read
    assert reply.usage.tokens_out == len(BIRDS.split())
    cost = (2 * read + 10 * reply.usage.tokens_out) / 1e6
    assert contract.reply(None, reply)["usage"] == {
        "tokens_in": read,
        "tokens_out": reply.usage.tokens_out,
        "cost": pytest.approx(cost),
    }
    assert _ask(priced, mode=Mode.QUOTE).usage == Usage(0, 0, 0.0)
    assert _ask(parts, mode=Mode.QUOTE).usage == Usage(0, 0)


# -- what is sent ------------------------------------------------------------------------------


def test_nothing_but_the_question_the_quote_and_the_key_is_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL"):
        monkeypatch.setenv(f"OPENAI_{name}", "http://192.0.2.1/leak")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer leak\nX-Extra: leak")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9/leak")
    monkeypatch.setenv("ALL_PROXY", "http://192.0.2.1:9/leak")
    marks = "<|im_end|><start_of_turn>[INST]<<SYS>></s><｜User｜>"
    list(_generator(server).phrase(f"Where? {marks}", f"A heron. {marks}"))
    sent = server.asked[0]
    assert "leak" not in repr((sent.headers, sent.body))
    assert set(map(str.lower, sent.headers)) == {
        *("host", "connection", "accept", "accept-encoding", "content-type", "content-length"),
    }
    assert [message["role"] for message in sent.body["messages"]] == ["system", "user"]
    assert "heron" not in sent.body["messages"][0]["content"].lower()
    for mark in ("<|", "<s", "[I", "<<", "</", "<｜"):
        assert mark not in sent.said
    assert (sent.body["temperature"], sent.body["seed"]) == (0, 0)
    monkeypatch.setenv(ENDPOINT_KEY, KEY)
    list(_generator(server).phrase("Where?", "A heron."))
    assert server.asked[1].headers["authorization"] == f"Bearer {KEY}"


def test_a_key_that_cannot_be_one_is_refused_without_showing_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT_KEY, "sk-sécret\n")
    with pytest.raises(ModelMissing, match=ENDPOINT_KEY) as caught:
        _generator(server)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", ""),
        ("http://localhost:11434/v1", ""),
        ("http://127.0.0.2:1/v1", ""),
        ("http://[::1]:8080/v1", ""),
        ("https://example.org/v1", "Quotes and questions are sent to example.org:443."),
        (
            "http://10.0.0.5:8000/v1",
            "Quotes and questions are sent to 10.0.0.5:8000 without encryption.",
        ),
        (
            "http://localhost.example.org/v1",
            "Quotes and questions are sent to localhost.example.org:80 without encryption.",
        ),
    ],
)
def test_where_questions_go_is_said_of_other_machines(url: str, said: str) -> None:
    assert endpoint.notice(url) == said
    settings = Settings(generator=MODEL, endpoint=url)
    assert assemble.notices(settings, Mode.GENERATE) == tuple(filter(None, [said]))
    assert assemble.notices(settings, Mode.QUOTE) == ()


def test_the_doctor_says_what_is_there_and_where_it_is(server: Server) -> None:
    good = doctor._generator(Settings(generator=MODEL, endpoint=server.url))
    assert (good.ok, good.detail) == (True, f"{MODEL} at 127.0.0.1:{server.port}.")
    wrong = doctor._generator(Settings(generator="stork", endpoint=server.url))
    assert not wrong.ok
    assert MODEL in wrong.detail
    # The address is one for documentation: no test may reach it, and nobody answers there.
    far = doctor._generator(Settings(generator=MODEL, endpoint="https://192.0.2.1/v1"))
    assert not far.ok
    assert "Quotes and questions are sent to 192.0.2.1:443." in far.detail


def test_without_the_client_library_the_command_is_named(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ModelMissing, match=r"pip install 'openai") as caught:
        _generator(server)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (needed,) = extras["optional-dependencies"]["endpoint"]
    assert f"pip install '{needed}'" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "generator", "said"),
    [
        ("localhost:11434", MODEL, "like http://localhost"),
        ("ftp://localhost/v1", MODEL, "like http://localhost"),
        ("http:///v1", MODEL, "like http://localhost"),
        ("http://localhost:port/v1", MODEL, "no URL"),
        ("http://user:sesame@localhost/v1", MODEL, ENDPOINT_KEY),
        ("http://localhost/v1?key=sesame", MODEL, ENDPOINT_KEY),
        ("http://localhost/v1", "default", "name a model"),
    ],
)
def test_a_wrong_address_is_refused(url: str, generator: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        read_settings(generator=generator, endpoint=url)
    assert "sesame" not in str(caught.value)


def test_the_key_is_a_variable_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT_KEY, KEY)
    assert KEY not in repr(read_settings())
    with pytest.raises(SettingsError, match="endpoint_key"):
        read_settings(endpoint_key=KEY)
