"""What people read: tables, plots, the report, and what the terminal shows."""
