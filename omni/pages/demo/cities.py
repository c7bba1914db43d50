"""The 34 cities of the demo, and made-up names for what stands in them."""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A city by its name in the table of districts; `weight` is its share of stores, `middle` a district's name."""

    name: str
    prefix: str
    weight: int
    dialling: str
    middle: str


CITIES = tuple(
    City(*row)
    for row in (
        ("上海市", "SH", 100, "021", "静安区"),
        ("北京市", "BJ", 90, "010", "朝阳区"),
        ("深圳市", "SZ", 80, "0755", "福田区"),
        ("广州市", "GZ", 72, "020", "天河区"),
        ("杭州市", "HZ", 70, "0571", "上城区"),
        ("成都市", "CD", 70, "028", "锦江区"),
        ("重庆市", "CQ", 60, "023", "渝中区"),
        ("武汉市", "WH", 52, "027", "江汉区"),
        ("西安市", "XA", 50, "029", "雁塔区"),
        ("南京市", "NJ", 50, "025", "秦淮区"),
        ("苏州市", "SU", 48, "0512", "姑苏区"),
        ("天津市", "TJ", 42, "022", "和平区"),
        ("长沙市", "CS", 42, "0731", "芙蓉区"),
        ("郑州市", "ZZ", 40, "0371", "金水区"),
        ("青岛市", "QD", 32, "0532", "市南区"),
        ("宁波市", "NB", 32, "0574", "海曙区"),
        ("沈阳市", "SY", 30, "024", "和平区"),
        ("大连市", "DL", 28, "0411", "中山区"),
        ("济南市", "JN", 30, "0531", "历下区"),
        ("厦门市", "XM", 28, "0592", "思明区"),
        ("福州市", "FZ", 24, "0591", "鼓楼区"),
        ("合肥市", "HF", 30, "0551", "蜀山区"),
        ("昆明市", "KM", 28, "0871", "五华区"),
        ("哈尔滨市", "HB", 22, "0451", "南岗区"),
        ("长春市", "CC", 20, "0431", "朝阳区"),
        ("石家庄市", "SJ", 20, "0311", "长安区"),
        ("南昌市", "NC", 22, "0791", "东湖区"),
        ("南宁市", "NN", 20, "0771", "青秀区"),
        ("贵阳市", "GY", 20, "0851", "南明区"),
        ("太原市", "TY", 20, "0351", "小店区"),
        ("乌鲁木齐市", "WL", 12, "0991", "天山区"),
        ("佛山市", "FS", 26, "0757", "禅城区"),
        ("东莞市", "DG", 26, "0769", "东莞市"),
        ("无锡市", "WX", 30, "0510", "梁溪区"),
    )
)

ROADS = (
    ("中山路", "Zhongshan Road"),
    ("人民路", "Renmin Road"),
    ("解放路", "Jiefang Road"),
    ("建设路", "Jianshe Road"),
    ("长江路", "Changjiang Road"),
    ("黄河路", "Huanghe Road"),
    ("和平路", "Heping Road"),
    ("文化路", "Wenhua Road"),
    ("新华路", "Xinhua Road"),
    ("滨河路", "Binhe Road"),
    ("学府路", "Xuefu Road"),
    ("花园路", "Huayuan Road"),
    ("青年路", "Qingnian Road"),
    ("胜利路", "Shengli Road"),
    ("友谊路", "Youyi Road"),
    ("湖滨路", "Hubin Road"),
    ("东风路", "Dongfeng Road"),
    ("南湖路", "Nanhu Road"),
    ("科技路", "Keji Road"),
    ("桂花路", "Guihua Road"),
)

# Names of malls that do not exist.
MALLS = (
    ("汇澜中心", "Huilan Centre"),
    ("星渡广场", "Xingdu Plaza"),
    ("悦木里", "Yuemuli"),
    ("九璟天地", "Jiujing Place"),
    ("和光中心", "Heguang Centre"),
    ("锦澜广场", "Jinlan Plaza"),
    ("云梯荟", "Yunti Gallery"),
    ("长汀里", "Changtingli"),
    ("鹭洲城", "Luzhou City Mall"),
    ("明岸中心", "Ming'an Centre"),
    ("拾光广场", "Shiguang Plaza"),
    ("禾盛荟", "Hesheng Gallery"),
)

TRADERS = (
    "锦悦",
    "恒丰",
    "宏达",
    "嘉和",
    "瑞祥",
    "盛远",
    "铭泰",
    "博雅",
    "启航",
    "晟源",
    "乐居",
    "华信",
)
