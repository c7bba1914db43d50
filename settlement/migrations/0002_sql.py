"""The ledger keeps itself: entries balance, and what is booked or approved never changes."""

from django.db import migrations

BALANCE = """
CREATE FUNCTION settlement_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked bigint;
    sides record;
BEGIN
    IF TG_TABLE_NAME = 'settlement_journalentry' THEN checked := NEW.id; ELSE checked := NEW.entry_id; END IF;
    SELECT count(*) AS lines, coalesce(sum(debit_fen), 0) AS debit, coalesce(sum(credit_fen), 0) AS credit INTO sides
    FROM settlement_journalline WHERE entry_id = checked;
    IF sides.lines < 2 OR sides.debit <> sides.credit THEN
        RAISE EXCEPTION 'journal entry % does not balance: % lines, debit %, credit %',
            checked, sides.lines, sides.debit, sides.credit
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$
"""

# The entry's own trigger finds one without lines, the lines' one a line added to an old entry; both at commit.
BALANCED = """
CREATE CONSTRAINT TRIGGER {table}_balanced AFTER INSERT ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION settlement_check_balance()
"""

APPEND_ONLY = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()
"""

# Approval ends the version before, so `valid` may still change.
APPROVED = """
CREATE TRIGGER settlement_ruleversion_approved
BEFORE DELETE OR UPDATE OF id, brand_id, kind, params, drafted_by, approved_by, approved_at ON settlement_ruleversion
FOR EACH ROW WHEN (OLD.approved_at IS NOT NULL) EXECUTE FUNCTION kernel_refuse_change()
"""


def balanced(table):
    return migrations.RunSQL(BALANCED.format(table=table), f"DROP TRIGGER {table}_balanced ON {table}")


def append_only(table):
    return migrations.RunSQL(APPEND_ONLY.format(table=table), f"DROP TRIGGER {table}_append_only ON {table}")


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial"), ("kernel", "0002_append_only")]

    operations = [
        migrations.RunSQL(BALANCE, "DROP FUNCTION settlement_check_balance()"),
        balanced("settlement_journalentry"),
        balanced("settlement_journalline"),
        append_only("settlement_journalentry"),
        append_only("settlement_journalline"),
        append_only("settlement_creditentry"),
        migrations.RunSQL(APPROVED, "DROP TRIGGER settlement_ruleversion_approved ON settlement_ruleversion"),
    ]
