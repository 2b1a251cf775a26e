"""The figures, one module each. Every ``draw_*`` writes ``<out_stem>.png`` and ``<out_stem>.svg``."""
