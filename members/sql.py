"""The hot statements of members."""

# Issues one more of a template to a member, unless the member has as many as they may.
TALLY = """
INSERT INTO members_coupontally AS tally (template_id, member_id, issued_count)
VALUES (%(template_id)s, %(member_id)s, 1)
ON CONFLICT (template_id, member_id) DO UPDATE SET issued_count = tally.issued_count + 1
WHERE tally.issued_count < %(limit)s
"""
