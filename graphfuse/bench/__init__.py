"""Plan of runs, parallel runner, result store. ``store`` and ``environment`` need no torch."""
