"""The demo's cloths and colours."""

from __future__ import annotations

from typing import NamedTuple

# code: (hex, Chinese, English, letters in the SKU)
COLORS = {
    "ink": ("#1b1b1f", "墨黑", "Ink black", "INK"),
    "white": ("#f7f6f2", "本白", "Soft white", "WHT"),
    "ivory": ("#efe6d5", "象牙白", "Ivory", "IVR"),
    "oat": ("#d8c8ae", "燕麦色", "Oat", "OAT"),
    "camel": ("#b98a54", "驼色", "Camel", "CML"),
    "khaki": ("#a8977a", "卡其色", "Khaki", "KHK"),
    "chestnut": ("#7b4a2a", "栗棕", "Chestnut", "CHN"),
    "cocoa": ("#5a3d31", "可可棕", "Cocoa", "COC"),
    "tobacco": ("#84603a", "烟草棕", "Tobacco", "TBC"),
    "stone": ("#b5b0a5", "岩灰", "Stone", "STN"),
    "heather": ("#9b9da1", "花灰", "Heather grey", "HTR"),
    "charcoal": ("#3f4247", "炭灰", "Charcoal", "CHR"),
    "navy": ("#22304d", "藏青", "Navy", "NVY"),
    "midnight": ("#1c2340", "午夜蓝", "Midnight", "MID"),
    "denim": ("#4a6a94", "牛仔蓝", "Denim blue", "DNM"),
    "sky": ("#9cc3e0", "天青", "Sky", "SKY"),
    "mist": ("#b9c6cf", "雾蓝", "Mist blue", "MST"),
    "olive": ("#5d6138", "橄榄绿", "Olive", "OLV"),
    "pine": ("#2f4a3c", "松针绿", "Pine", "PIN"),
    "sage": ("#a3b096", "鼠尾草绿", "Sage", "SGE"),
    "butter": ("#f1dc8c", "奶油黄", "Butter", "BTR"),
    "champagne": ("#e0c9a6", "香槟色", "Champagne", "CHP"),
    "coral": ("#e9836a", "珊瑚橘", "Coral", "CRL"),
    "rose": ("#d9a3a5", "玫瑰粉", "Rose", "RSE"),
    "wine": ("#6c1f2f", "酒红", "Wine", "WIN"),
    "plum": ("#6d3b55", "梅紫", "Plum", "PLM"),
    "lilac": ("#b8a6cf", "丁香紫", "Lilac", "LIL"),
}


class Material(NamedTuple):
    """A cloth: short names, composition and care, in both languages, and what it does for the garment."""

    zh: str
    en: str
    fabric_zh: str
    fabric_en: str
    care: str
    note_zh: str
    note_en: str


# Care labels, by letter.
CARE = {
    "machine": ("30℃ 机洗，反面洗涤，不可漂白", "Machine wash at 30 °C inside out, do not bleach"),
    "hand": ("冷水手洗，平铺晾干，中温熨烫", "Hand wash cold, dry flat, iron on medium"),
    "dry": ("专业干洗，蒸汽熨烫，悬挂存放", "Dry clean only, steam iron, store on a hanger"),
    "wipe": ("湿布擦拭，避免暴晒，不可水洗", "Wipe with a damp cloth, keep out of the sun, do not wash"),
}

_M = Material
MATERIALS = {
    "silk": _M(
        "桑蚕丝",
        "silk",
        "100% 桑蚕丝（19 姆米）",
        "100% mulberry silk, 19 momme",
        "hand",
        "光泽柔和，贴肤凉滑",
        "a soft lustre, cool against the skin",
    ),
    "acetate": _M(
        "醋酸",
        "acetate satin",
        "71% 三醋酸 29% 聚酯纤维",
        "71% triacetate, 29% polyester",
        "dry",
        "垂感利落，不易起皱",
        "a clean drape that resists creasing",
    ),
    "linen": _M(
        "亚麻",
        "linen",
        "100% 亚麻",
        "100% linen",
        "machine",
        "透气干爽，越洗越软",
        "airy and dry, softer with every wash",
    ),
    "cotton": _M(
        "长绒棉",
        "long-staple cotton",
        "100% 新疆长绒棉",
        "100% long-staple cotton",
        "machine",
        "细密柔软，耐洗不变形",
        "fine and soft, keeps its shape",
    ),
    "heavy": _M(
        "重磅棉",
        "heavyweight cotton",
        "100% 棉，280 克",
        "100% cotton, 280 gsm",
        "machine",
        "挺括有筋骨，不透不贴",
        "substantial and crisp, never clingy",
    ),
    "poplin": _M(
        "府绸",
        "poplin",
        "97% 棉 3% 氨纶",
        "97% cotton, 3% elastane",
        "machine",
        "平整挺括，活动自如",
        "smooth and crisp with a little give",
    ),
    "wool": _M("羊毛", "wool", "100% 绵羊毛", "100% wool", "dry", "回弹好，保暖轻盈", "springy, warm and light"),
    "double": _M(
        "双面呢",
        "double-faced wool",
        "90% 绵羊毛 10% 羊绒，手工缝制",
        "90% wool, 10% cashmere, hand-sewn",
        "dry",
        "无里布双面缝制，轻暖有型",
        "unlined and hand-finished, warm without weight",
    ),
    "cashmere": _M(
        "山羊绒",
        "cashmere",
        "100% 山羊绒",
        "100% cashmere",
        "hand",
        "绒面细腻，轻暖亲肤",
        "fine, light and warm next to the skin",
    ),
    "merino": _M(
        "美利奴",
        "merino",
        "100% 美利奴羊毛",
        "100% merino wool",
        "hand",
        "细支亲肤，不扎不闷",
        "fine-gauge, neither itchy nor stuffy",
    ),
    "mohair": _M(
        "马海毛",
        "mohair-blend",
        "42% 马海毛 30% 羊毛 28% 锦纶",
        "42% mohair, 30% wool, 28% nylon",
        "hand",
        "蓬松有光，手感软糯",
        "lofty, with a quiet shine",
    ),
    "denim": _M(
        "赤耳丹宁",
        "selvedge denim",
        "99% 棉 1% 氨纶，13 盎司",
        "99% cotton, 1% elastane, 13 oz",
        "machine",
        "越穿越合身，落色自然",
        "moulds to the wearer and fades well",
    ),
    "twill": _M(
        "斜纹棉",
        "cotton twill",
        "98% 棉 2% 氨纶",
        "98% cotton, 2% elastane",
        "machine",
        "厚薄适中，四季可穿",
        "of middle weight, for every season",
    ),
    "nylon": _M(
        "防泼水锦纶",
        "water-repellent nylon",
        "100% 锦纶，C0 环保防泼水",
        "100% nylon, PFC-free finish",
        "machine",
        "轻薄防风，小雨无碍",
        "light, windproof and shower-proof",
    ),
    "down": _M(
        "鹅绒",
        "goose",
        "面料 100% 锦纶，填充 90% 鹅绒，蓬松度 700",
        "Shell 100% nylon, filled with 90% goose down, 700 fill power",
        "machine",
        "蓬松锁温，可收纳",
        "lofty and warm, packs small",
    ),
    "terry": _M(
        "毛圈棉",
        "loopback cotton",
        "88% 棉 12% 聚酯纤维，360 克",
        "88% cotton, 12% polyester, 360 gsm",
        "machine",
        "内里毛圈吸汗，外层平整",
        "smooth outside, absorbent loops inside",
    ),
    "suiting": _M(
        "精纺羊毛",
        "worsted wool",
        "96% 羊毛 4% 氨纶",
        "96% wool, 4% elastane",
        "dry",
        "抗皱回弹，长坐依然平整",
        "recovers from a long day's sitting",
    ),
    "leather": _M(
        "头层牛皮",
        "full-grain leather",
        "100% 牛皮，五金镀哑金",
        "100% cowhide, matte gold hardware",
        "wipe",
        "植鞣皮料，随时间加深",
        "vegetable-tanned, deepens with time",
    ),
    "canvas": _M(
        "水洗帆布",
        "washed canvas",
        "100% 棉帆布",
        "100% cotton canvas",
        "wipe",
        "结实耐磨，日用不心疼",
        "hard-wearing, made for every day",
    ),
}

# What a cloth makes a garment cost, per cent; 100 where not named.
COST_PERCENT = {
    "cashmere": 190,
    "silk": 150,
    "double": 135,
    "mohair": 120,
    "leather": 160,
    "canvas": 70,
    "acetate": 115,
}
# Too dear for a brand of everyday things, and cuts that menswear does not have.
DEAR = frozenset({"silk", "cashmere", "leather", "double", "mohair"})
NOT_FOR_MEN = frozenset({"飘带领", "收腰", "青果领", "船领", "一字领", "微喇", "弯刀"})
