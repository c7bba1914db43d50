"""A trigger function for tables whose rows never change, and the kernel's own such tables."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION kernel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""

TRANSITION = """
CREATE TRIGGER kernel_transition_append_only BEFORE UPDATE OR DELETE ON kernel_transition
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()
"""

# The relay numbers events, so the position may change and nothing else.
EVENT = """
CREATE TRIGGER kernel_event_append_only BEFORE DELETE OR UPDATE OF id, name, entity, payload, created_at ON kernel_event
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION kernel_refuse_change()"),
        migrations.RunSQL(TRANSITION, "DROP TRIGGER kernel_transition_append_only ON kernel_transition"),
        migrations.RunSQL(EVENT, "DROP TRIGGER kernel_event_append_only ON kernel_event"),
    ]
