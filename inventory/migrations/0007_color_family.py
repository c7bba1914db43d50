from django.db import migrations, models

# The last sign or word of a colour's name that names a colour decides ("酒红" is red, "奶油黄" yellow); a colour whose
# name tells nothing is judged by its value: how light, how strong, and where on the wheel. Empty when that is none.
FUNCTION = r"""
CREATE FUNCTION inventory_color_family(name_zh text, name_en text, hex text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    found text;
    r float8; g float8; b float8; high float8; low float8; spread float8; light float8; hue float8;
BEGIN
    found := (regexp_match(name_zh, '.*(卡其|咖啡|[黑白灰红粉橙橘黄绿青蓝紫棕褐驼咖米杏])'))[1];
    IF found IS NOT NULL THEN
        RETURN CASE
            WHEN found = '黑' THEN 'black' WHEN found = '白' THEN 'white' WHEN found = '灰' THEN 'grey'
            WHEN found IN ('卡其', '米', '杏') THEN 'beige'
            WHEN found IN ('咖啡', '咖', '棕', '褐', '驼') THEN 'brown'
            WHEN found = '红' THEN 'red' WHEN found = '粉' THEN 'pink' WHEN found IN ('橙', '橘') THEN 'orange'
            WHEN found = '黄' THEN 'yellow' WHEN found = '绿' THEN 'green' WHEN found IN ('青', '蓝') THEN 'blue'
            WHEN found = '紫' THEN 'purple'
        END;
    END IF;
    found := (regexp_match(lower(name_en), '.*\m(black|white|ivory|gr[ae]y|charcoal|beige|khaki|oat|champagne|cream'
        '|brown|camel|tan|chocolate|red|wine|burgundy|pink|rose|orange|coral|yellow|mustard|green|olive|sage|blue|navy'
        '|denim|purple|lilac|plum)\M'))[1];
    IF found IS NOT NULL THEN
        RETURN CASE
            WHEN found IN ('ivory') THEN 'white' WHEN found IN ('gray', 'charcoal') THEN 'grey'
            WHEN found IN ('khaki', 'oat', 'champagne', 'cream') THEN 'beige'
            WHEN found IN ('camel', 'tan', 'chocolate') THEN 'brown' WHEN found IN ('wine', 'burgundy') THEN 'red'
            WHEN found = 'rose' THEN 'pink' WHEN found = 'coral' THEN 'orange' WHEN found = 'mustard' THEN 'yellow'
            WHEN found IN ('olive', 'sage') THEN 'green' WHEN found IN ('navy', 'denim') THEN 'blue'
            WHEN found IN ('lilac', 'plum') THEN 'purple' ELSE found
        END;
    END IF;
    IF hex !~ '^#[0-9a-fA-F]{6}$' THEN
        RETURN '';
    END IF;
    r := ('x' || substr(hex, 2, 2))::bit(8)::int / 255.0;
    g := ('x' || substr(hex, 4, 2))::bit(8)::int / 255.0;
    b := ('x' || substr(hex, 6, 2))::bit(8)::int / 255.0;
    high := greatest(r, g, b);
    low := least(r, g, b);
    spread := high - low;
    light := (high + low) / 2;
    IF light < 0.13 THEN
        RETURN 'black';
    ELSIF light > 0.93 THEN
        RETURN 'white';
    ELSIF spread < 0.08 THEN
        RETURN 'grey';
    END IF;
    hue := 60 * CASE high
        WHEN r THEN (g - b) / spread + CASE WHEN g < b THEN 6 ELSE 0 END
        WHEN g THEN (b - r) / spread + 2
        ELSE (r - g) / spread + 4
    END;
    RETURN CASE
        WHEN hue >= 15 AND hue < 70 AND spread < 0.35 THEN CASE WHEN light > 0.55 THEN 'beige' ELSE 'brown' END
        WHEN hue >= 15 AND hue < 45 AND light < 0.45 THEN 'brown'
        WHEN hue < 15 OR hue >= 345 THEN CASE WHEN light > 0.65 THEN 'pink' ELSE 'red' END
        WHEN hue < 45 THEN 'orange' WHEN hue < 70 THEN 'yellow' WHEN hue < 170 THEN 'green'
        WHEN hue < 255 THEN 'blue' WHEN hue < 300 THEN 'purple' ELSE 'pink'
    END;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_pictures_and_sizes")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION inventory_color_family"),
        migrations.AddField(
            model_name="variant",
            name="color_family",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func("color_zh", "color_en", "color_hex", function="inventory_color_family"),
                output_field=models.CharField(
                    choices=[
                        ("black", "Black"),
                        ("white", "White"),
                        ("grey", "Grey"),
                        ("beige", "Beige"),
                        ("brown", "Brown"),
                        ("red", "Red"),
                        ("pink", "Pink"),
                        ("orange", "Orange"),
                        ("yellow", "Yellow"),
                        ("green", "Green"),
                        ("blue", "Blue"),
                        ("purple", "Purple"),
                    ],
                    max_length=6,
                    verbose_name="colour family",
                ),
            ),
        ),
    ]
