"""The end of every audit: one row, rows checked, rows wrong, up to twenty of them named."""

VERDICT = """
SELECT count(*), count(problem), (array_agg(problem ORDER BY id) FILTER (WHERE problem IS NOT NULL))[1:20] FROM judged
"""
