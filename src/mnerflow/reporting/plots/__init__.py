"""The figures, one file each. Every ``draw_*`` writes ``<out_stem>.png`` and ``<out_stem>.svg``."""
