"""A user's own claim: by a decorator in Python, from a named file on the command line."""

import json
from fractions import Fraction

import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.studies.judging.own_claims import from_file

SIZE = {"widths": [32, 128, 512], "seeds": 24, "points": 3, "s": ["1/2", "3/4"]}
HALF, MORE = Fraction(1, 2), Fraction(3, 4)


def power(code, exponent):
    """tr K_ff goes like this power of N at s = 3/4."""

    @nt.claim(code, f"tr K_ff ~ N^{exponent} at s = 3/4", refuted_by="a slope that excludes it", source="me")
    def own(evidence):
        found = evidence.measured.trend("ff", MORE, "trace", evidence.criterion)
        slope = found.whole.value
        outcome = "supported" if abs(slope - exponent) < 0.2 else "undecided"
        outcome = "refuted" if found.p_value(exponent) < 1e-2 and outcome == "undecided" else outcome
        yield nt.Finding(outcome, f"slope {slope:.2f}", "ff", MORE, str(exponent), f"{slope:.2f}")

    return own


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    store = tmp_path_factory.mktemp("own") / "study.sqlite"
    claims = [power("trace-falls", -0.5), power("trace-stays", 0.0)]
    return nt.verify("u_t - u_xx", **SIZE, store=store, progress=False, workers=1, claims=claims)


def test_a_true_claim_is_supported_and_a_false_one_refuted(result):
    """Heat is linear, so K_ff = ε²T with ε² = N^(1−2s): N^(−1/2) at s = 3/4."""
    (true,), (false,) = result.select("trace-falls"), result.select("trace-stays")
    assert (str(true.outcome), str(false.outcome)) == ("supported", "refuted")
    assert true.source == "me"
    assert (true.block, true.s) == ("ff", MORE)


def test_they_stand_beside_the_others_in_text_and_page(result, tmp_path):
    assert "trace-falls" in str(result)
    page = nt.page(result.path, tmp_path / "page.html", claims=[power("trace-falls", -0.5)])
    assert "a slope that excludes it" in page.read_text(encoding="utf-8")
    plain = nt.judge(result.path)
    with pytest.raises(InputError, match="claim is 'trace-falls'; this study judged"):
        plain.select("trace-falls")
    assert [v for v in result if not v.claim.startswith("trace-")] == list(plain)


def test_a_store_is_judged_again_with_another_claim(result):
    @nt.claim("always", "it holds", refuted_by="nothing")
    def always(evidence):
        return nt.Finding("undecided", f"{len(evidence.blocks)} blocks and s")

    (found,) = nt.judge(result.path, claims=[always]).select("always")
    assert str(found.outcome) == "undecided"


def failing(evidence):
    raise ZeroDivisionError("by me")


def test_a_claim_that_fails_keeps_the_numbers(result):
    bad = nt.claim("bad", "x", refuted_by="y")(failing)
    with pytest.raises(InputError, match=r"claim bad failed: ZeroDivisionError: by me; .* numbers are kept"):
        nt.judge(result.path, claims=[bad])
    assert nt.judge(result.path).is_complete


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (lambda e: nt.Finding("true", "x"), "has the outcome 'true'; it needs one of supported"),
        (lambda e: ["supported"], "found a str; it needs nt.Finding"),
        (lambda e: 3, "found a int; it needs nt.Finding"),
        (lambda e: nt.Finding("supported", "x", "ff", "often"), "often"),
    ],
)
def test_what_is_no_finding_is_refused(result, found, message):
    with pytest.raises(InputError, match=message):
        nt.judge(result.path, claims=[nt.claim("mine", "x", refuted_by="y")(found)])


def test_what_is_no_claim_is_refused_before_anything_is_drawn(tmp_path):
    store = tmp_path / "none.sqlite"
    other = nt.claim("mine", "x", refuted_by="y", needs="training")(failing)
    taken = nt.claim("sharp-limit", "x", refuted_by="y")(failing)
    mine = nt.claim("mine", "x", refuted_by="y")(failing)
    for claims, message in [
        ([failing], "claims.0. is a function; it needs a function decorated with"),
        ([other], "needs a study of training"),
        ([taken], "'sharp-limit' is that of another claim"),
        ([mine, mine], "'mine' is that of another claim"),
    ]:
        with pytest.raises(InputError, match=message):
            nt.verify("heat", **SIZE, store=store, progress=False, claims=claims)
        assert not store.exists()
    for code in ("", "Trace", "a b", "x" * 41, "-a", 3):
        with pytest.raises(InputError, match="code is"):
            nt.claim(code, "x", refuted_by="y")
    with pytest.raises(InputError, match="empty refuted_by"):
        nt.claim("mine", "x", refuted_by=" ")
    with pytest.raises(InputError, match="needs is 'other'"):
        nt.claim("mine", "x", refuted_by="y", needs="other")


FILE = """
import ntk_theory as nt

@nt.claim("from-a-file", "blocks are seen", refuted_by="none is")
def seen(evidence):
    return nt.Finding("supported" if evidence.blocks else "refuted", f"{len(evidence.blocks)} of them")
"""


def test_a_file_that_is_named_on_the_command_line(result, tmp_path, capsys):
    from ntk_theory.cli import main  # noqa: PLC0415 - as its users start it

    file = tmp_path / "mine.py"
    file.write_text(FILE)
    with pytest.raises(SystemExit) as ended:
        main(["resume", str(result.path), "--claims", str(file), "--json"])
    assert not ended.value.code
    assert "from-a-file" in json.dumps(json.loads(capsys.readouterr().out))


def test_a_file_that_is_named_in_python_and_a_claim_alone(result, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(FILE)
    for claims in (file, str(file), from_file(file)[0]):
        (found,) = nt.judge(result.path, claims=claims).select("from-a-file")
        assert str(found.outcome) == "supported"
    with pytest.raises(InputError, match="it needs a Python file"):
        nt.judge(result.path, claims="mine")
    with pytest.raises(InputError, match=r"claims=\"mine.py\""):
        nt.judge(result.path, claims=[str(file)])


def test_quantities_are_listed_documented_and_named_where_one_is_unknown(result):
    (evidence,) = result.evidence.values()
    measured = evidence.measured
    assert {"norm", "trace", "probe:1", "norm_limit", "identity"} <= set(measured.quantities("ff"))
    for name in (*measured.quantities("ff"), *measured.quantities()):
        assert f"``{name.split(':')[0]}" in type(measured).__doc__, name
    assert "trace" not in measured.quantities("bf")
    assert measured.values("ff", HALF, "norm").shape == (3, 24)
    for wrong, message in [
        (
            ("ff", HALF, "tracee"),
            "quantity is 'tracee'; .* of the pair 'f,f': norm, .*trace, identity",
        ),
        (("fg", HALF, "trace"), "block is 'fg'; .* has the blocks bb, bf, ff"),
        (("ff", Fraction(2, 3), "trace"), "s is '2/3'; .* has 1/2, 3/4"),
    ]:
        with pytest.raises(InputError, match=message):
            measured.values(*wrong)
    with pytest.raises(InputError, match=r"quantity is 'trace'; .* of no pair: field:u:0"):
        measured.trend_of_networks("trace", evidence.criterion)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", FILE, "needs a Python file"),
        ("a.py", "x = 1", "holds no claim"),
        ("a.py", "1/0", "failed: ZeroDivisionError"),
        ("a.py", "def (", "failed: SyntaxError"),
        ("a.py", "raise SystemExit(0)", "failed: SystemExit"),
        ("missing.py", None, "cannot be read"),
    ],
)
def test_files_that_hold_no_claims(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        from_file(tmp_path / name)
