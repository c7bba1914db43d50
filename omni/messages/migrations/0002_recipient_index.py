from django.db import migrations, models

from omni.kernel import sealing


def index_recipients(apps, schema_editor):
    """Make the messages that there are findable by whom they went to."""
    message_class = apps.get_model("messaging", "Message")
    for key, sealed in message_class.objects.exclude(recipient_sealed="").values_list("pk", "recipient_sealed").iterator():
        message_class.objects.filter(pk=key).update(recipient_index=sealing.blind_index(sealing.unseal(sealed)))


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='recipient_index',
            field=models.CharField(blank=True, max_length=64, verbose_name='recipient (blind index)'),
        ),
        migrations.RunPython(index_recipients, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['recipient_index'], name='messaging_message_recipient'),
        ),
    ]
