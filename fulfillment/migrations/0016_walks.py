from importlib import import_module

from django.db import migrations

# A walk that found too few goes on to at most four times its length, and once more, before all rows of a line are read:
# how densely the goods lie shows the better the longer the walk was. Several lines whose stores can be listed are looked
# up in these lists as soon as a short walk is not enough.
former = import_module("fulfillment.migrations.0005_candidates")
on_hand = import_module("fulfillment.migrations.0015_on_hand")

# Nothing was found on the way: perhaps there is nothing to find.
IS_LACKING = "IF stage IN ('holders', 'listed holders') OR found_walking = 0 THEN"
CHANGES = {
    "    found_walking int;\n": "    found_walking int;\n    walked int;\n",
    """            quantities[scarcest] := p_quantities[1];
            IF NOT EXISTS (""": f"""            quantities[scarcest] := p_quantities[1];
        END IF;
        {IS_LACKING}
            IF NOT EXISTS (""",
    "WHERE level.variant_id = variants[1] AND level.on_hand > 0\n                    AND (": (
        "WHERE level.variant_id = p_variants[scarcest] AND level.on_hand > 0\n                    AND ("
    ),
    "        found_walking := found_count;\n": "        found_walking := found_count;\n        walked := bound;\n",
    """        bound := ceil(1.5 * p_first_walk * p_wanted / nullif(found_walking, 0))::int;
        IF round = 1 AND bound <= (CASE WHEN is_listable THEN p_longest_listed_walk ELSE p_longest_walk END)
            AND (is_listable OR least_count > bound) THEN
""": """        bound := ceil(1.5 * walked * p_wanted / nullif(found_walking, 0))::int;
        IF cardinality(variants) = 1 OR NOT is_listable THEN
            bound := least(bound, 4 * walked);
        ELSIF round > 1 OR bound > 4 * walked THEN
            bound := NULL;
        END IF;
        IF round < 3 AND bound <= (CASE WHEN is_listable THEN p_longest_listed_walk ELSE p_longest_walk END)
            AND bound < (CASE WHEN is_listable THEN 3 ELSE 1 END) * least_count THEN
""",
}


def candidates() -> str:
    """Return the function that finds candidates.

    :raises ValueError: when a place to change is not found once.
    """
    text = on_hand.candidates()
    for old, new in CHANGES.items():
        if text.count(old) != 1:
            raise ValueError(f"Found {text.count(old)} times: {old}")
        text = text.replace(old, new)
    return text


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0015_on_hand")]

    operations = [migrations.RunSQL(candidates(), on_hand.candidates())]
