"""From predictions to evidence: scores, intervals, tests and verdicts."""
