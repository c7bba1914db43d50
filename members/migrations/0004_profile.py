import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# What a membership kept becomes its account's, which keeps each address once; without an account nobody could see it.
CARRY_ADDRESSES = """
INSERT INTO members_accountaddress (user_id, recipient, phone_sealed, district_id, street, preferred_at, created_at)
SELECT DISTINCT ON (member.user_id, address.recipient, address.district_id, address.street)
    member.user_id, address.recipient, address.phone_sealed, address.district_id, address.street, NULL, now()
FROM members_memberaddress address JOIN members_member member ON member.id = address.member_id
WHERE member.user_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM members_accountaddress known WHERE known.user_id = member.user_id
        AND known.recipient = address.recipient AND known.district_id = address.district_id
        AND known.street = address.street
)
ORDER BY member.user_id, address.recipient, address.district_id, address.street, address.is_default DESC
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0002_append_only'),
        ('inventory', '0004_append_only'),
        ('members', '0003_offers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ConsentChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('marketing', 'News and offers'), ('profiling', 'Personal recommendations')], max_length=12, verbose_name='purpose')),
                ('channel', models.CharField(blank=True, choices=[('sms', 'SMS'), ('wechat', 'WeChat'), ('email', 'E-mail')], max_length=8, verbose_name='channel')),
                ('is_given', models.BooleanField(verbose_name='given')),
                ('wording', models.CharField(max_length=20, verbose_name='version of the wording')),
                ('source', models.CharField(choices=[('web', 'Web shop'), ('store', 'In a store'), ('erasure', 'Erasure of the account')], max_length=10, verbose_name='source')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member', verbose_name='member')),
            ],
            options={
                'verbose_name': 'change of a consent',
                'verbose_name_plural': 'changes of consents',
            },
        ),
        migrations.CreateModel(
            name='SizeProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('height_cm', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(80), django.core.validators.MaxValueValidator(230)], verbose_name='Height (cm)')),
                ('weight_kg', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(20), django.core.validators.MaxValueValidator(250)], verbose_name='Weight (kg)')),
                ('chest_cm', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(40), django.core.validators.MaxValueValidator(200)], verbose_name='Chest (cm)')),
                ('waist_cm', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(30), django.core.validators.MaxValueValidator(200)], verbose_name='Waist (cm)')),
                ('hips_cm', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(40), django.core.validators.MaxValueValidator(200)], verbose_name='Hips (cm)')),
                ('usual_top', models.CharField(blank=True, max_length=10, verbose_name='Usual size of tops')),
                ('usual_bottom', models.CharField(blank=True, max_length=10, verbose_name='Usual size of trousers and skirts')),
                ('updated_at', models.DateTimeField(verbose_name='updated at')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'verbose_name': 'size profile',
                'verbose_name_plural': 'size profiles',
            },
        ),
        migrations.CreateModel(
            name='Wish',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.product', verbose_name='product')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
                ('variant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.variant', verbose_name='variant')),
            ],
            options={
                'verbose_name': 'wish',
                'verbose_name_plural': 'wishes',
            },
        ),
        migrations.RunSQL(
            [CARRY_ADDRESSES, "SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"], migrations.RunSQL.noop
        ),
        migrations.DeleteModel(
            name='MemberAddress',
        ),
        migrations.AddIndex(
            model_name='consentchange',
            index=models.Index(fields=['member', 'purpose', 'channel', '-id'], name='members_consent_newest'),
        ),
        migrations.AddConstraint(
            model_name='wish',
            constraint=models.UniqueConstraint(fields=('user', 'product'), name='members_wish_unique'),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER members_consentchange_append_only BEFORE UPDATE OR DELETE ON members_consentchange"
            " FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()",
            "DROP TRIGGER members_consentchange_append_only ON members_consentchange",
        ),
    ]
