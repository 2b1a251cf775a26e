"""How far a run is: what is counted, and when and how the rest is estimated."""

import pytest

from mnerflow.progress import Progress, about, duration


def test_nothing_is_estimated_before_every_slow_kind_has_ended_once():
    progress = Progress({"prepare": 1, "train": 3, "plot": 2}, slow={"train"})
    progress.begin("a", "prepare", 0)
    assert progress.end("a", 4) == 4 and (progress.done, progress.total) == (1, 6)
    assert progress.seconds_left(4) is None
    progress.begin("b", "train", 4, side_by_side=2)
    assert progress.end("b", 64) == 60
    # Two trainings, two at once, and two plots, which take what was quick took.
    assert progress.seconds_left(64) == 2 * 30 + 2 * 4


def test_a_kind_takes_the_median_less_what_its_jobs_have_run():
    progress = Progress({"train": 5}, slow={"train"})
    for job, (begun, ended) in enumerate([(0, 10), (10, 22), (22, 122)]):
        progress.begin(job, "train", begun)
        progress.end(job, ended)
    progress.begin("next", "train", 122)
    assert progress.seconds_left(122) == 24
    assert progress.seconds_left(127) == 19
    assert progress.seconds_left(1000) == 12, "one that takes longer than others is about to end"


def test_a_failed_job_is_still_to_be_done():
    progress = Progress({"train": 2})
    progress.begin(1, "train", 0)
    assert progress.fail(1, 5) == 5 and progress.done == 0
    progress.begin(1, "train", 6)
    progress.end(1, 16)
    assert progress.done == 1 and progress.seconds_left(16) == 10


def test_a_kind_without_jobs_left_is_not_waited_for():
    progress = Progress({"train": 0, "plot": 2}, slow={"train"})
    progress.begin(1, "plot", 0)
    progress.end(1, 3)
    assert progress.seconds_left(3) == 3


@pytest.mark.parametrize(
    ("seconds", "exact", "rough"),
    [
        (0.4, "0 s", "less than a minute"),
        (22.3, "22 s", "less than a minute"),
        (59.7, "1 min 0 s", "about 1 min"),
        (208, "3 min 28 s", "about 3 min"),
        (7510, "2 h 5 min", "about 2 h 5 min"),
    ],
)
def test_times_in_words(seconds: float, exact: str, rough: str):
    assert (duration(seconds), about(seconds)) == (exact, rough)
