"""The answer in words, from ``does_it_help.csv``: for real data, for runs with one seed, for controls."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from mnerflow.conditions import IMAGE
from mnerflow.errors import quantity
from mnerflow.evaluation.comparison import ONE_SEED
from mnerflow.plan.datasets import MATCHED, Kind
from mnerflow.plan.names import Combination
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting.claim import SAYS, Claim, claim_of
from mnerflow.reporting.columns import Row
from mnerflow.reporting.pooled import sentence
from mnerflow.reporting.render import joined, points, source_words
from mnerflow.reporting.summary import FEW_SENTENCES, few_sentences

# The word for a data set, by its comparisons with a verdict, in the order of the headline: all gain; some
# gain and none loses; some gain and some lose; none gains and some are unclear; none gains.
YES, PARTLY, MIXED, UNCLEAR, NO = "Yes", "Partly", "Mixed", "Unclear", "No"
FEW_SEEDS, FEW = "Too few seeds to tell", "Too few sentences to tell"
# For a context whose author had read the text: its gain answers another question.
ASIDE = "Not by the image"
# The outcome of a control.
PASSED, FAILED, UNDECIDED = "passed", "failed", "undecided"
WORDS = (YES, PARTLY, MIXED, UNCLEAR, NO, ASIDE, FEW, FEW_SEEDS, PASSED, FAILED, UNDECIDED)
NAMED = 3  # comparisons that fail a check; more are only counted
BEWARE = "The author of the {source} had also read the text, so a gain by it is not a gain by the image."


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a source on a data set: in a word, in sentences, and model by model.

    ``sentences`` are plain text, the most important first. ``beware`` says how a gain may be misread, and
    ``note`` that there are too few data to tell.
    """

    dataset: str
    source: str
    word: str
    sentences: Sequence[str]
    beware: str
    note: str
    claims: Sequence[Claim]


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a study: those that count, those from runs with one seed, and the controls."""

    real: Sequence[Answer]
    one_seed: Sequence[Answer]
    controls: Sequence[Answer]
    kinds: Mapping[str, Kind]

    @property
    def headline(self) -> list[tuple[str, str]]:
        """A word and the share of comparisons with a gain, for the real data sets of each word and source.

        ``[("Unclear", "on tweets: a gain by the caption in 0 of 2 comparisons (−0.28 to +0.61 points).")]``
        """
        judged = {(answer.dataset, answer.source) for answer in self.real}
        rest = [
            one for one in self.one_seed if (one.dataset, one.source) not in judged and not self._control(one)
        ]
        if not self.real and not rest:
            if self.controls or self.one_seed:
                return [("No answer:", "all data sets that were compared are synthetic.")]
            return [("Nothing to compare:", "no run was compared with its baseline.")]
        parts = []
        for (word, source, beware), group in groupby([*self.real, *rest], key=_place):
            members = list(group)
            claims = [claim for answer in members for claim in answer.claims]
            names = joined([answer.dataset for answer in members])
            if word in (FEW, FEW_SEEDS):
                parts.append((word, f"on {names}, of the {source}."))
            else:
                parts.append((word, " ".join(filter(None, [f"on {names}{_share(claims, source)}.", beware]))))
        return parts

    @property
    def checks(self) -> list[tuple[str, str]]:
        """For each control, whether its images show what they must show; what contexts show is no check.

        ``[("Sanity check passed:", "on demo, whose images tell …, a gain must show, and shows in …")]``
        """
        controls = [one for one in self.controls if one.source == IMAGE]
        alone = [one for one in self.one_seed if one.source == IMAGE and self._control(one)]
        rest = [one for one in alone if one.dataset not in {each.dataset for each in controls}]
        found = [(one.word, self._check(one)) for one in controls]
        found += [
            (UNDECIDED, f"on {one.dataset}, no comparison has two seeds on both sides.") for one in rest
        ]
        return [(f"Sanity check {word}:", said) for word, said in found]

    @property
    def share_a_scale(self) -> bool:
        """Whether all bars share a scale. Bars of synthetic data would dwarf those of real data."""
        return len({bool(self._control(answer)) for answer in self._all}) < 2

    def reach(self, answer: Answer) -> float:
        """How far an answer's scale reaches from zero, in points: to the end of all bars that share it."""
        alike = [one for one in self._all if bool(self._control(one)) == bool(self._control(answer))]
        claims = [claim for one in alike for claim in one.claims]
        return max(abs(value) for claim in claims for value in (claim.difference, *claim.ends)) or 1.0

    @property
    def _all(self) -> list[Answer]:
        return [*self.real, *self.one_seed, *self.controls]

    def _control(self, answer: Answer) -> str:
        return self.kinds[answer.dataset].control

    def _check(self, answer: Answer) -> str:
        if answer.word == UNDECIDED:
            return answer.note
        wrong, total = _wrong(answer.claims, self._control(answer)), len(answer.claims)
        comparisons = quantity(total, "comparison")
        if self._control(answer) == MATCHED:
            must = "images tell the types of names, a gain must show"
            found = f"shows in {total - len(wrong)} of {comparisons}"
        else:
            must = "images have nothing to do with the names, no gain by them may show"
            found = f"shows in {len(wrong)} of {comparisons}"
        named = joined([*wrong[:NAMED], *([f"{len(wrong) - NAMED} more"] if len(wrong) > NAMED else [])])
        but = f" (wrong: {named})" if wrong else ""
        return f"on {answer.dataset}, whose {must}, and one {found}{but}."


def answers(
    rows: Sequence[Row],
    summary: Iterable[Row],
    kinds: Mapping[str, Kind],
    pools: SeedPools,
    pooled: Iterable[Row] = (),
) -> Answers:
    """The answers from ``rows`` (``does_it_help.csv``), in the order of ``WORDS``, then by source and name.

    Where models learn from different shares of the training posts (``pools.share``), only those with the
    largest share count. ``summary`` are rows of ``grid.csv``, which give the number of test sentences of a
    data set. ``kinds`` say which data sets are controls. ``pooled`` are rows of ``pooled.csv``; a row on
    several models is told once.
    """
    on_average: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in pooled:
        if row["models"] > 1:
            on_average[_asked(row)].append(sentence(row))
    sentences = {row["dataset"]: row["sentences"] for row in summary}
    ordered = sorted(_of_largest_share(rows, pools), key=lambda row: (*_asked(row), -row["difference"]))

    def told(rows: Iterable[Row]) -> list[Answer]:
        found = []
        for (dataset, source), group in groupby(rows, key=_asked):
            claims, average = [*map(claim_of, group)], on_average.pop((dataset, source), [])
            found.append(_answer(dataset, source, claims, sentences[dataset], kinds[dataset], average))
        return found

    judged = told(row for row in ordered if row["verdict"] != ONE_SEED)
    one_seed = told(row for row in ordered if row["verdict"] == ONE_SEED)
    real = [answer for answer in judged if not kinds[answer.dataset].control]
    controls = [answer for answer in judged if kinds[answer.dataset].control]
    real.sort(key=lambda answer: (WORDS.index(answer.word), *_place(answer)))
    controls.sort(key=lambda answer: kinds[answer.dataset].control != MATCHED)
    return Answers(real, sorted(one_seed, key=_place), controls, kinds)


def _of_largest_share(rows: Sequence[Row], pools: SeedPools) -> list[Row]:
    """The rows without the lower points of learning curves, by data set and source."""
    shares = [pools.share(Combination.of(row)) for row in rows]
    largest: dict[tuple[str, str], float] = defaultdict(float)
    for row, share in zip(rows, shares, strict=True):
        largest[_asked(row)] = max(share, largest[_asked(row)])
    return [row for row, share in zip(rows, shares, strict=True) if share == largest[_asked(row)]]


def _asked(row: Row) -> tuple[str, str]:
    """The question that a comparison answers: its data set and source."""
    return row["dataset"], row["source"]


def _place(answer: Answer) -> tuple[str, str, str]:
    """What answers must share to be told in one sentence."""
    return answer.word, answer.source, answer.beware


def _answer(
    dataset: str,
    source: str,
    claims: Sequence[Claim],
    sentences: int,
    kind: Kind,
    on_average: Sequence[str],
) -> Answer:
    few = sentences < FEW_SENTENCES
    counts = Counter(claim.verdict for claim in claims)
    if counts[ONE_SEED]:
        number = quantity(len(claims), "comparison has", "comparisons have")
        word = FEW_SEEDS
        said = [f"{number} one seed on a side, too few for a verdict: {_range(claims)}."]
    else:
        said = [_summary(claims)]
        if claims[0].verdict == "gains":
            said.append(f"The largest gain is {claims[0].difference:.1f} points, by {claims[0].model}.")
        word = FEW if few else _word(counts)
        if kind.control and source == IMAGE:
            right = not _wrong(claims, kind.control)
            word = UNDECIDED if few else PASSED if right else FAILED
    note = few_sentences(dataset, sentences) if few else ""
    beware = ""
    if by_text := set(source.split("+")).intersection(kind.contexts_from_text):
        beware = BEWARE.format(source=joined(sorted(by_text)))
        word = ASIDE if word in (YES, PARTLY, MIXED, UNCLEAR, NO) else word
    return Answer(dataset, source_words(source), word, [*said, *on_average], beware, note, claims)


def _summary(claims: Sequence[Claim]) -> str:
    phrases = Counter((list(SAYS).index(claim.verdict), claim.says) for claim in claims)
    said = [f"{n} {says[n > 1]}" for (_, says), n in sorted(phrases.items())]
    if len(claims) == 1:
        return f"{claims[0].model} {claims[0].says[0]}."
    if all(claim.says == SAYS["unclear"] for claim in claims):
        return f"None of {quantity(len(claims), 'model')} can be told apart from its baseline."
    if len(said) == 1:
        number, _, does = said[0].partition(" ")
        return f"{'Both' if number == '2' else f'All {number}'} models {does}."
    return f"Of {quantity(len(claims), 'model')}, {joined(said)}."


def _range(claims: Sequence[Claim]) -> str:
    """The smallest and the largest difference: ``"−0.28 to +0.61 points"``."""
    differences = [claim.difference / 100 for claim in claims]
    ends = [points(value) for value in (min(differences), max(differences))]
    return f"{' to '.join(dict.fromkeys(ends))} points"


def _wrong(claims: Sequence[Claim], control: str) -> list[str]:
    """The models for which a control shows what it must not show."""
    if control == MATCHED:
        return [claim.model for claim in claims if claim.verdict != "gains"]
    return [claim.model for claim in claims if claim.verdict in ("gains", "relies")]


def _word(counts: Counter[str]) -> str:
    if counts["gains"]:
        if counts["loses"]:
            return MIXED
        return YES if counts["gains"] == counts.total() else PARTLY
    return UNCLEAR if counts["unclear"] else NO


def _share(claims: Sequence[Claim], source: str) -> str:
    """``": a gain by the image in 2 of 5 comparisons, a loss in 1 (−0.28 to +0.61 points)"``."""
    counts = Counter(claim.verdict for claim in claims)
    loss = f", a loss in {counts['loses']}" if counts["loses"] else ""
    share = f"{counts['gains']} of {quantity(len(claims), 'comparison')}{loss}"
    return f": a gain by the {source} in {share} ({_range(claims)})"
