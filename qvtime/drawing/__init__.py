"""Charts: shapes on a sheet, written as SVG or painted as PNG."""
