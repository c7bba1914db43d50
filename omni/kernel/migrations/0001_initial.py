import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('entity', models.CharField(max_length=100, verbose_name='entity')),
                ('payload', models.JSONField(verbose_name='payload')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('position', models.BigIntegerField(null=True, unique=True, verbose_name='position')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'indexes': [models.Index(condition=models.Q(('position', None)), fields=['id'], name='kernel_event_unnumbered')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.CharField(max_length=100, verbose_name='client')),
                ('key', models.CharField(max_length=255, verbose_name='key')),
                ('fingerprint', models.CharField(max_length=128, verbose_name='fingerprint')),
                ('response', models.JSONField(verbose_name='response')),
                ('created_at', models.DateTimeField(db_index=True, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'idempotency record',
                'verbose_name_plural': 'idempotency records',
                'constraints': [models.UniqueConstraint(fields=('client', 'key'), name='kernel_idempotency_once')],
            },
        ),
        migrations.CreateModel(
            name='Transition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.CharField(max_length=100, verbose_name='entity')),
                ('entity_id', models.BigIntegerField(verbose_name='entity id')),
                ('from_status', models.CharField(max_length=40, verbose_name='from')),
                ('to_status', models.CharField(max_length=40, verbose_name='to')),
                ('actor', models.CharField(max_length=100, verbose_name='actor')),
                ('reason', models.CharField(blank=True, default='', max_length=500, verbose_name='reason')),
                ('at', models.DateTimeField(verbose_name='at')),
            ],
            options={
                'verbose_name': 'transition',
                'verbose_name_plural': 'transitions',
                'indexes': [models.Index(fields=['entity', 'entity_id', 'id'], name='kernel_transition_entity')],
            },
        ),
        migrations.CreateModel(
            name='EventDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscriber', models.CharField(max_length=100, verbose_name='subscriber')),
                ('entity', models.CharField(max_length=100, verbose_name='entity')),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('parked', 'Parked'), ('done', 'Done')], default='pending', max_length=10, verbose_name='state')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('due_at', models.DateTimeField(verbose_name='due at')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished at')),
                ('error', models.TextField(blank=True, default='', verbose_name='error')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='kernel.event', verbose_name='event')),
            ],
            options={
                'verbose_name': 'event delivery',
                'verbose_name_plural': 'event deliveries',
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['due_at', 'id'], name='kernel_delivery_due'), models.Index(condition=models.Q(('state__in', ['pending', 'parked'])), fields=['subscriber', 'entity', 'id'], name='kernel_delivery_unfinished')],
            },
        ),
    ]
