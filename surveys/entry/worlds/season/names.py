"""Invented units of a season: those that a rule of the frameworks names first, then as many others as are wanted."""

from itertools import count, islice
from typing import NamedTuple


class Named(NamedTuple):
    """`department`: the name under which the unit itself marks rows, if it does."""

    name: str
    tags: tuple[str, ...] = ()
    department: str | None = None


SPECIAL = (
    Named("示例市公安局", ("公安",)),
    Named("示例市金融工作局", ("金融",)),
    Named("示例市教育局", ("教育",), "市教育局"),
    Named("示例市纪委", ("纪检",), "市纪委"),
    Named("示例学院", ("市管高校",)),
    Named("示例市委网信办", (), "市委网信办"),
    Named("示例市委宣传部", ("宣传",), "市委宣传部"),
    Named("示例市总工会", ("群团组织",)),
    Named("示例市财政局", ("财政",)),
    Named("示例市委组织部", ("组织",), "市委组织部"),
    Named("示例市档案局"),
    Named("示例市统计局"),
    Named("示例市宗教局", (), "市宗教局"),
    Named("示例市国家安全局", ("国安",)),
    Named("示例市外事侨务办公室", ("外事侨务",)),
    Named("示例市发展和改革委员会", ("发改",)),
    Named("示例市工业和信息化委员会", ("工信",)),
    Named("示例市科学技术局", ("科技",)),
    Named("示例市文化广电新闻出版局", ("文广新",)),
    Named("示例市通信管理办公室", ("通信管理",)),
    Named("示例市委政法委", ("政法",)),
    Named("示例市委统战部", ("统战",)),
    Named("示例市委巡察办", ("巡察",)),
    Named("示例市委办公室", ("党政办公室",)),
    Named("示例市政府办公室", ("党政办公室",)),
    Named("示例团市委", ("群团组织",)),
    Named("示例市妇联", ("群团组织",)),
    Named("示例师范学院", ("市管高校", "教育")),
    Named("示例理工学院", ("市管高校",)),
    Named("示例职业技术学院", ("市管高校",)),
)
_TRADES = (
    *("林业", "水利", "农业", "商务", "审计", "民政", "司法", "人社", "国土资源", "环境保护", "住房城建", "城乡规划"),
    *("交通运输", "卫生计生", "体育", "旅游发展", "安全生产", "食品药品", "质量监督", "工商", "粮食", "物价", "人防"),
    *("扶贫", "信访", "机关事务", "地方史志", "供销", "地震", "气象", "园林", "公路", "房产", "移民", "畜牧"),
)
_COUNTIES = ("东山", "西河", "南塬", "北岭", "中原", "青石", "白云", "清泉", "金谷", "银杏", "红旗", "长桥", "大湖")
_KINDS = ("县", "区", "市")
MOST_COUNTIES = len(_COUNTIES) * len(_KINDS)


def municipal(number: int) -> list[Named]:
    bodies = ("局", "服务中心", "研究院")
    others = (
        Named(f"示例市{trade}{body}{'' if turn == 1 else turn}")
        for turn in count(1)
        for body in bodies
        for trade in _TRADES
    )
    return [*SPECIAL[:number], *islice(others, max(0, number - len(SPECIAL)))]


def counties(number: int) -> list[Named]:
    """At most MOST_COUNTIES."""
    return list(islice((Named(f"示例{name}{kind}") for kind in _KINDS for name in _COUNTIES), number))
