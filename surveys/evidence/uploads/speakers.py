"""Whether notes of a talk give away who spoke. It only warns: a name may also be what the talk was about."""

import re
from collections.abc import Iterable

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田姜"
    "范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙雷钱汤尹黎乔贺赖龚"
)
_POSTS = "同志|书记|主任|局长|处长|科长|部长|主席|校长|经理|厂长|主管|组长|秘书|老师|师傅"
_SAYS = "(?:[^，。；、\\s]{0,2})(?:说|讲|谈到|反映|表示|认为|提出|指出|介绍|汇报|告诉|坦言)"
_NAMED = re.compile(
    rf"(?:(?:小|老)[{_SURNAMES}]|[某×XＸ]{{1,3}}|[{_SURNAMES}](?:某{{1,2}}|[一-龥]{{1,2}}))(?:{_POSTS})?{_SAYS}"
    rf"|(?:[一-龥]{{0,6}})(?:{_POSTS}){_SAYS}"
    r"|(?:谈话人|谈话对象|被谈话人|受访人|讲述人)\s*[:：]\s*\S+"
)
# Everyday words that begin like a name.
_NOBODY = re.compile(
    "周边|周期|高度|高校|高层|高级|曾经|陈述|林业|田间|金融|石油|江河|史料|夏季|白天|马上|何时|何种|许多|余下|孔子"
)
_MOST_SHOWN = 5


def speaker_hints(text: str, leaders: Iterable[str]) -> list[str]:
    """What in the text may say who spoke, in Chinese sentences; none when nothing was found."""
    squeezed = re.sub(r"[ \u3000]", "", text)
    names = [name for name in leaders if re.sub(r"[ \u3000]", "", name) in squeezed]
    hints = [f"出现了单位领导的姓名：{'、'.join(names)}。"] if names else []
    said = [match.group() for match in _NAMED.finditer(_NOBODY.sub("", squeezed))]
    if said:
        found = "、".join(f"“{words[:20]}”" for words in dict.fromkeys(said[:_MOST_SHOWN]))
        hints.append(f"像是写了谁说的话：{found}。")
    return hints
