"""Writes the sample rosters beside it: python tests/data/make_rosters.py. The same bytes each time."""

import io
from datetime import datetime
from pathlib import Path

import xlsxwriter

HERE = Path(__file__).parent

MESSY = """样例市考核单位名单（２０２６年）,,,,,,
,,,,,,
单位名称,单位类别（必填）,"测评
体系",单位标签,序　号,领导姓名,现任职务
样例教育局,市直单位,市直单位考核测评体系,教育、宣传,１,张　三,党组书记、局长
样例教育局,市直单位,市直单位考核测评体系,教育、宣传,２,阿卜杜拉・买买提,副局长
,,,,,,
 样例教育局 ,市直单位,市直单位考核测评体系,教育、宣传,３,李䶮,"党组成员
纪检组长"
样例县,县区,县（市、区）,,１０,王 五,县委书记
样例县,县区,县（市、区）,,９,Anna  Lee,县长
,,,,,,
填表人：赵某,,,审核人：钱某,,,
说明：一、按此表报送。,,,,,,
二、次年更新。,,,,,,
"""


def messy_csv() -> bytes:
    """As Excel on a Chinese Windows saves it: GBK, CRLF, a title above and notes below."""
    return MESSY.replace("\n", "\r\n").encode("gb18030")


def merged_xlsx() -> bytes:
    """Two sheets with merged cells, and a hidden one with last year's names."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001
    units = book.add_worksheet("单位")
    units.merge_range("A1:E1", "考核单位一览表")
    for column, title in enumerate(("序号", "单位", "类别", "测评体系", "标签")):
        units.write_string(1, column, title)
    units.merge_range("A3:E3", "一、市直单位")
    units.write_row("A4", [1, "样例教育局"])
    units.write_row("A5", [2, "样例财政局"])
    units.merge_range("C4:C5", "市直单位")
    units.merge_range("D4:D5", "municipal")
    units.write_string("E4", "教育")
    leaders = book.add_worksheet("领导")
    for column, title in enumerate(("序号", "单位名称", "姓名", "职务")):
        leaders.write_string(0, column, title)
    leaders.merge_range("A2:A4", 1)
    leaders.merge_range("B2:B4", "样例教育局")
    for row, (name, post) in enumerate((("样例甲", "局长"), ("样例𬭎", "副局长"), ("样例丙", "纪检组长")), start=1):
        leaders.write_row(row, 2, [name, post])
    leaders.write_row("A5", [2, "样例财政局", "样例丁", "局长"])
    hidden = book.add_worksheet("去年")
    hidden.write_row("A1", ["单位名称", "类别", "姓名", "职务"])
    hidden.write_row("A2", ["样例旧局", "市直单位", "样例旧", "局长"])
    hidden.hide()
    book.close()
    return stream.getvalue()


SAMPLES = {"roster-messy.csv": messy_csv, "roster-merged.xlsx": merged_xlsx}

if __name__ == "__main__":
    for name, make in SAMPLES.items():
        (HERE / name).write_bytes(make())
