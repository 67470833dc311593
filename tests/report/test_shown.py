"""What objects show of themselves: at a prompt, in a notebook, as a pandas table, in LaTeX."""

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.report.figures.palette import save_picture
from ntk_theory.report.figures.panels import PANELS
from ntk_theory.shown import Brief, in_latex
from ntk_theory.training import Until

#: What a table in a notebook is made of.
TAGS = {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "br"}
#: A prompt shows no more than this of anything.
SCREEN = 2000


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """One of everything that the README's tour makes."""
    kdv = nt.zoo("kdv")
    network = nt.Network(kdv.variables, kdv.fields, 32)
    parameters, points = network.init(0), nt.draw_points(kdv, 6, 0)
    kernel = nt.ntk(kdv, network, parameters, points)
    store = tmp_path_factory.mktemp("shown") / "study.sqlite"
    study = nt.verify(
        "u_t - u_xx", widths=[16, 32, 64], seeds=3, points=4, s=["1/2", "3/4"], store=store, progress=False,
        workers=1,
    )  # fmt: skip
    law = nt.limit_law(kdv, network, points)
    heat = nt.zoo("heat")
    return {
        "problem": kdv,
        "classification": nt.classify(kdv),
        "network": network,
        "parameters": parameters,
        "kernel": kernel,
        "spectra": nt.spectra(kernel),
        "law": law,
        "law at": law.at(64, "3/4"),
        "draws": law.sample(1.0, 2, 0),
        "audit": nt.audit((network, parameters), kdv, points, kernel.matrix / 2),
        "prediction": nt.predict(kdv, network, points, widths=[64, 256], size=20),
        "recommendation": nt.recommend(kdv, width=32, depth=1, points=4),
        "trajectory": nt.train(
            heat, nt.Network(heat.variables, heat.fields, 8), points=20, until=Until(steps=3)
        ),
        "verify": study,
        "study": study.study,
        "infinite": nt.infinite_solution("poisson", at=np.linspace(0.1, 0.9, 9)[:, None]),
        "hearing": nt.claims.hear(nt.claims.sources_of("xu-2024-gradient,gan-2025"), ["poisson"], quick=True),
    }


def test_everything_prints_on_a_screen(found):
    for name, thing in found.items():
        assert 10 < len(repr(thing)) < SCREEN, name
        assert "array(" not in repr(thing), name
        assert name == "recommendation" or len(str(thing)) < SCREEN, name
        assert "\x1b" not in repr(thing)


@pytest.mark.parametrize("name", sorted(nt.zoo_names())[::9])
def test_problems_and_their_answers_print_on_a_screen(name):
    problem = nt.zoo(name)
    assert len(repr(problem)) < SCREEN
    assert len(repr(nt.classify(problem))) < SCREEN


def test_points_that_are_no_mapping_are_named(found):
    with pytest.raises(InputError, match="points is a list; it needs a mapping"):
        nt.ntk(found["problem"], found["network"], found["parameters"], ["1/2"])


def test_a_notebook_gets_a_table_in_which_nothing_is_html_of_its_own(found):
    for name in (
        "problem",
        "classification",
        "kernel",
        "prediction",
        "recommendation",
        "trajectory",
        "verify",
    ):
        html = found[name]._repr_html_()
        assert html.count("<table>") == html.count("</table>") == 1, name
        assert set(re.findall(r"</?(\w+)", html)) <= TAGS
    evil = Brief("<script>x</script>", ("<b>",), (("a & b\nc",),), ("\x1b[2J",)).html()
    assert "<script>" not in evil
    assert "&lt;b&gt;" in evil
    assert "a &amp; b<br>c" in evil
    assert "\x1b" not in evil


def test_a_long_table_says_what_it_leaves_out():
    brief = Brief("t" * 400, ("a", "b"), tuple(("x" * 300, "y") for _ in range(500)), ("n" * 400,) * 90)
    text = brief.text()
    assert len(text) < SCREEN
    assert "491 more rows" in text
    assert "440 more rows" in brief.html()


def test_a_recommendation_reads_as_its_command_prints_it(found, capsys):
    from ntk_theory.cli import main  # noqa: PLC0415 - what the command prints

    with pytest.raises(SystemExit) as ended:
        main(["recommend", "kdv", "--width", "32", "--depth", "1", "--points", "4"])
    assert not ended.value.code
    printed = capsys.readouterr().out

    def words(text):
        return re.sub(r"[\s─━]+", " ", text)

    ours, theirs = words(str(found["recommendation"])), words(printed)
    # Folded cells break differently, so the words are compared, not the lines.
    assert sorted(ours.split()) == sorted(theirs.split())


def test_pandas_tables(found):
    answer = found["classification"].to_pandas()
    assert set(answer["block"]) == set(found["classification"].sharp)
    ff = answer[(answer.block == "ff") & (answer["where"] == "s = 1/2")]
    assert list(ff["limit"]) == ["random"]
    kernel = found["kernel"].to_pandas()
    np.testing.assert_array_equal(kernel.loc["f", "f"].to_numpy(), found["kernel"]["f,f"])
    laws = found["prediction"].to_pandas()
    assert len(laws) == len(found["prediction"].blocks)
    assert (laws["q05"] <= laws["q95"]).all()
    steps = found["trajectory"].to_pandas()
    parts = [c for c in steps.columns if c.startswith("loss_")]
    np.testing.assert_allclose(steps[parts].sum(axis=1), steps["loss"], rtol=1e-12)
    options = found["recommendation"].to_pandas()
    assert list(options["s"]) == [o.s for o in found["recommendation"].options]
    verdicts = found["verify"].verdicts_to_pandas()
    assert len(verdicts) == len(list(found["verify"]))
    assert isinstance(found["verify"].to_pandas(), pd.DataFrame)


def test_latex_tables_are_booktabs_with_a_caption(found):
    for text in (found["classification"].latex(), found["verify"].latex("tab:verdicts")):
        assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1
        assert re.search(r"\\caption\{.+\}", text)
        table = text.partition(r"\midrule")[2].partition(r"\bottomrule")[0]
        columns = len(re.search(r"\\begin\{tabular\}\{(l+)\}", text)[1])
        assert all(len(re.findall(r"(?<!\\)&", row)) == columns - 1 for row in table.split(r"\\")[:-1])
        assert text.count("{") == text.count("}")
        assert text.isascii()
    assert r"\label{tab:verdicts}" in found["verify"].latex("tab:verdicts")
    assert in_latex(r"50% of a_b & \x{}~^") == (
        r"50\% of a\_b \& \textbackslash{}x\{\}\textasciitilde{}\textasciicircum{}"
    )


DRAWN = (
    "classification",
    "kernel",
    "audit",
    "hearing",
    "infinite",
    "spectra",
    "law",
    "prediction",
    "recommendation",
    "trajectory",
    "verify",
)


def test_every_kind_of_result_is_drawn():
    """A line of PANELS that no picture below makes would be named here."""
    assert {p.of.__name__ for p in PANELS} == {
        "Classification", "Kernel", "Spectrum", "Spectra", "Prediction", "LimitLaw", "Trajectory",
        "Recommendation", "Result", "Audit", "Hearing", "Reproduction", "InfiniteSolution",
    }  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_goes_into_given_axes_and_no_others(found, name):
    figure, (left, right) = plt.subplots(1, 2)
    with mpl.rc_context():
        drawn = nt.plot(found[name], ax=right)
    assert drawn is figure
    assert right.has_data()
    assert not left.has_data()
    plt.close(figure)
    alone = nt.plot(found[name])
    assert isinstance(alone, Figure)
    assert alone is not figure
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", DRAWN)
def test_axes_have_two_labels_and_curves_differ_by_more_than_colour(found, name, tmp_path):
    figure = nt.plot(found[name])
    figure.canvas.draw()
    for axes in figure.axes:
        for axis, ends in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            if axis.get_scale() == "log" and axes.has_data():
                inside = [t for t in axis.get_majorticklocs() if min(ends) <= t <= max(ends)]
                assert len(inside) >= 2, (name, ends)
    with (tmp_path / "picture.pdf").open("wb") as file:
        save_picture(figure, file, "pdf")
    assert b"/Subtype /Type3" not in (tmp_path / "picture.pdf").read_bytes()


@pytest.mark.parametrize("name", ["kernel", "law", "prediction", "trajectory", "recommendation"])
def test_lines_in_one_panel_differ_by_more_than_colour(found, name):
    axes = nt.plot(found[name], ax=plt.figure().add_subplot()).axes[0]
    plt.close("all")
    lines = [line for line in axes.get_lines() if line.get_label() and not line.get_label().startswith("_")]
    looks = [(line._dash_pattern, line.get_marker(), line.get_linewidth()) for line in lines]
    assert len({str(look) for look in looks}) == len(looks) or len(looks) > 6


def test_blocks_are_chosen_by_name(found):
    figure = nt.plot(found["classification"], blocks=["ff", "K_bf"])
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [
        r"$K_{\mathrm{ff}}$",
        r"$K_{\mathrm{bf}}$",
    ]
    nt.plot(found["kernel"], blocks="f")
    with pytest.raises(InputError, match="this kernel has all, initial"):
        nt.plot(found["kernel"], blocks="nothing")
    with pytest.raises(InputError, match="blocks is empty"):
        nt.plot(found["kernel"], blocks=[])
    with pytest.raises(InputError, match="ax is a str"):
        nt.plot(found["kernel"], ax="here")
    with pytest.raises(InputError, match="was given a Network"):
        nt.plot(found["network"])
    with pytest.raises(InputError, match="are of a study"):
        nt.plot(found["kernel"], "kdv")


def test_a_report_in_latex_is_the_table_of_verdicts(found, capsys):
    from ntk_theory.cli import main  # noqa: PLC0415 - as its users start it

    with pytest.raises(SystemExit) as ended:
        main(["report", str(found["verify"].path), "--latex"])
    assert not ended.value.code
    assert capsys.readouterr().out == found["verify"].latex() + "\n"
    with pytest.raises(SystemExit) as ended:
        main(["report", str(found["verify"].path), "--latex", "-o", "verdicts.html"])
    assert ended.value.code == 2
