"""How the demo's products look: the names of their drawings (see `inventory.rules.read_drawing`), craft and care."""

from __future__ import annotations

# What a cut means for the drawing, by the English name of the style; one that is missing changes nothing.
MARKS = {
    "Band-collar": "band", "Pussy-bow": "bow", "Drop-shoulder": "drop", "Slim": "slim", "Camp-collar": "camp",
    "Concealed-placket": "hidden", "Pointed-collar": "pointed", "Relaxed": "relaxed", "Pinstripe": "pinstripe",
    "Shawl-collar": "shawl", "Boxy": "relaxed", "V-neck": "v", "Pocket": "pocket", "Striped": "stripe",
    "Cropped": "short", "Raglan": "raglan", "Washed": "wash", "Boat-neck": "boat", "Roll-neck": "roll",
    "Cable-knit": "cable", "Ribbed": "rib", "Ribbed-neck": "ribneck", "Polo-collar": "polo", "Jacquard": "dots",
    "Fair Isle": "fairisle", "Openwork": "lace", "Sailor-collar": "sailor", "Half-zip": "half", "Zip-up": "zip",
    "Embroidered": "embroidered", "Colour-block": "block", "Funnel-neck": "high", "Tapered": "tapered",
    "Ankle-length": "ankle", "Ankle": "ankle", "Double-pleat": "pleat", "Drawstring": "drawstring",
    "Utility": "utility", "Carpenter": "utility", "Pleated": "pleat", "Side-slit": "slit", "Bootcut": "flare",
    "Wide-leg": "wide", "Stone-washed": "wash", "Curved-leg": "curved", "Knee-length": "knee", "Pencil": "pencil",
    "Bias-cut": "bias", "Waisted": "waisted", "Shirt-style": "shirt", "Tea-length": "tea", "Wrap-front": "wrap",
    "Knot-button": "knot", "Square-neck": "square", "Puff-sleeve": "puff", "Cowl-neck": "cowl", "Lace-trim": "lace",
    "Double-breasted": "double", "One-button": "single", "Oversized": "relaxed", "Collarless": "collarless",
    "Bomber": "bomber", "Field": "field", "Stand-collar": "stand", "Hooded": "hood", "Coach": "coach",
    "Multi-pocket": "pockets", "Belted": "belted", "Cocoon": "cocoon", "Peak-lapel": "peak", "Light": "light",
    "Long": "far", "Puffer": "puffer", "Packable": "packable", "Fringed": "fringed", "Checked": "check",
    "Large": "large", "Woven": "weave",
}  # fmt: skip
NOUN_MARKS = {
    "long-sleeve T-shirt": "long", "cardigan": "open", "vest": "sleeveless", "hoodie": "hood", "down vest": "sleeveless",
    "short coat": "short", "cross-body bag": "cross", "shawl": "shawl", "overshirt": "pocket",
}  # fmt: skip
CLOTHS = {
    "silk": "satin", "acetate": "satin", "linen": "linen", "cashmere": "knit", "merino": "knit", "mohair": "fuzzy",
    "wool": "wool", "double": "wool", "denim": "denim", "twill": "twill", "nylon": "nylon", "down": "nylon",
    "suiting": "wool", "leather": "leather", "canvas": "linen",
}  # fmt: skip
# Prints that the name need not tell, for every third style of what is worn light.
PRINTS = {
    ("dress", "silk"): ("floral", "dots"), ("dress", "cotton"): ("floral", "check"), ("skirt", "silk"): ("floral", "dots"),
    ("dress", "linen"): ("stripe", "floral"), ("shirt", "cotton"): ("stripe", "check"), ("shirt", "poplin"): ("stripe", "pinstripe"),
    ("shirt", "silk"): ("dots", "floral"), ("knit", "merino"): ("stripe", "marl"), ("knit", "wool"): ("marl", "rib"),
    ("scarf", "silk"): ("floral", "dots"), ("scarf", "wool"): ("check", "marl"), ("slip", "silk"): ("floral", "dots"),
    ("trousers", "suiting"): ("pinstripe", "check"), ("blazer", "suiting"): ("pinstripe", "check"),
    ("coat", "wool"): ("marl", "check"), ("tee", "cotton"): ("stripe", "marl"), ("hoodie", "terry"): ("marl", "marl"),
}  # fmt: skip
MOTIFS = frozenset({"pinstripe", "stripe", "wash", "cable", "rib", "dots", "fairisle", "lace", "check", "weave"})
PRINT_EVERY = 3
PRINT_WORDS = {
    "floral": ("通身细碎小花", "Printed all over with small flowers"),
    "dots": ("疏落波点", "Scattered with dots"),
    "check": ("低对比格纹", "In a quiet check"),
    "stripe": ("色织条纹", "In a woven stripe"),
    "pinstripe": ("细若发丝的条纹", "With a hairline stripe"),
    "marl": ("混色花纱，近看有层次", "Of mottled yarn, with depth when seen near"),
    "rib": ("坑条肌理", "With a ribbed surface"),
}
KINDS = ("front", "figure", "back", "detail")
# What is the same from behind, and not worn on a figure.
FLAT_KINDS = ("front", "detail")

# How a garment of each category is made, in both languages.
CRAFT = {
    "shirt": (
        "领面三道熨烫定型，侧缝采用来去缝，里外都看不见毛边；每厘米五针，钮扣绕脚缝钉。",
        "The collar is pressed three times; side seams are French, so no raw edge shows inside or out. Five stitches to the"
        " centimetre, buttons sewn on a shank.",
    ),
    "tee": (
        "领口与肩缝加同料包条，下摆双针绷缝；成衣水洗定型，洗后不扭不缩。",
        "Taped neck and shoulders, twin-needle hems; washed as a garment, so it neither twists nor shrinks afterwards.",
    ),
    "knit": (
        "全成型编织，肩部与袖窿逐针套口缝合，没有硬缝；下机后手工修检，低温缩绒。",
        "Knitted to shape and linked stitch by stitch at shoulder and armhole, without hard seams; checked by hand and"
        " milled at a low temperature.",
    ),
    "hoodie": (
        "四针六线平缝拼接，贴身不磨；罗纹领口与袖口加氨纶，反复拉伸仍能回位。",
        "Flat-locked seams that do not rub; rib at collar and cuffs holds elastane, and springs back.",
    ),
    "trousers": (
        "腰头内衬防滑带，裤线高温定型；后裆双线加固，裤脚预留三厘米放长。",
        "A gripping band inside the waist, set creases, a seat sewn twice, and three centimetres to let down at the hem.",
    ),
    "wide": (
        "斜裁前片让裤摆自然垂落，隐形侧拉链；腰省倒缝熨烫，腰部平整不起鼓。",
        "Front panels cut on the bias for a clean fall, a concealed side zip, darts pressed flat at the waist.",
    ),
    "jeans": (
        "赤耳锁边，受力处打枣与撞钉加固；石洗与臭氧整理，比传统水洗省水六成。",
        "Selvedge outseams, bar tacks and rivets where it strains; finished with stone and ozone, on 60% less water.",
    ),
    "shorts": (
        "裤脚宽折边暗缲，口袋布同色走边；成衣软洗，上身即柔。",
        "Wide hems sewn blind, pocket bags bound in the same colour; garment-washed soft from the first day.",
    ),
    "skirt": (
        "褶位逐道手工对位后高温定型，内衬顺滑不粘腿；隐形拉链，腰里包边。",
        "Pleats laid by hand and set with heat; a lining that does not cling, a concealed zip, a bound waistband.",
    ),
    "dress": (
        "腰线与胸省立体裁剪，领口内贴边手工暗缲；下摆双折，行走时不翻卷。",
        "Waist and bust darts draped on the form, the neckline faced and felled by hand, a double hem that stays down.",
    ),
    "slip": (
        "整幅斜裁，随身形垂落；细肩带可调，边缘卷边宽仅两毫米。",
        "Cut wholly on the bias to follow the body; adjustable straps and hems rolled two millimetres wide.",
    ),
    "blazer": (
        "半麻衬胸片，驳头手工纳针，袖山吃势均匀；袖衩真扣眼，可改袖长。",
        "Half-canvassed, lapels padded by hand, sleeves eased in evenly; working cuffs, so the sleeve can be altered.",
    ),
    "jacket": (
        "关键缝位压胶，金属拉链顺滑耐用；肩部与肘部加层，内袋双线车缝。",
        "Taped at the seams that matter, a metal zip that runs smoothly, doubled at shoulder and elbow.",
    ),
    "coat": (
        "双面呢手工剥边缝合，无里布也没有毛边；驳头与口袋逐针暗缲。",
        "The two faces are parted and sewn by hand, so it needs no lining and has no raw edge; lapels felled by hand.",
    ),
    "down": (
        "高密防绒面料配密缝针距，充绒按格称重；拉链内侧加挡风门襟。",
        "Down-proof shell sewn with close stitches, each chamber filled by weight, a storm flap behind the zip.",
    ),
    "scarf": (
        "窄幅梭织，两侧光边；流苏手工捻结，缩绒后柔软不掉毛。",
        "Woven on narrow looms with clean selvedges; fringes twisted by hand, milled soft so that it does not shed.",
    ),
    "bag": (
        "边缘手工打磨封边五遍，受力处加垫皮；蜡线手缝，五金可更换。",
        "Edges sanded and sealed five times by hand, leather behind every strain; waxed thread, replaceable hardware.",
    ),
}  # fmt: skip
CARE_SYMBOLS = {
    "machine": ("wash_30", "bleach_none", "tumble_none", "dry_line", "iron_medium", "clean_none"),
    "hand": ("wash_hand", "bleach_none", "tumble_none", "dry_flat", "iron_low", "clean_dry"),
    "dry": ("wash_none", "bleach_none", "tumble_none", "iron_low", "clean_dry"),
    "wipe": ("wash_none", "bleach_none", "tumble_none", "iron_none", "clean_none"),
}


def drawing_of(category: str, material: str, style: str, noun: str, number: int) -> str:
    """Return the name of the drawing of a style from the front; `number` settles what the words leave open."""
    marks = [mark for mark in (MARKS.get(style), NOUN_MARKS.get(noun)) if mark]
    cloth = "knit" if category == "knit" and material in {"wool", "cotton"} else CLOTHS.get(material, "")
    marks += _print_of(category, material, marks, number)
    return ".".join([category, *dict.fromkeys(marks), *([cloth] if cloth else []), f"t{number % 3}"])


def _print_of(category: str, material: str, marks: list[str], number: int) -> list[str]:
    """Return the print that a style has beyond its name, if any."""
    prints = PRINTS.get((category, material))
    if prints is None or MOTIFS.intersection(marks) or number % PRINT_EVERY:
        return []
    return [prints[number // PRINT_EVERY % 2]]


def print_words(style: str, drawing: str) -> tuple[str, str]:
    """Return a sentence about a print that the name does not tell, in both languages; empty ones without."""
    told = MARKS.get(style, "")
    found = [PRINT_WORDS[part] for part in drawing.split(".") if part in PRINT_WORDS and part != told]
    return (f"{found[0][0]}。", f" {found[0][1]}.") if found else ("", "")
