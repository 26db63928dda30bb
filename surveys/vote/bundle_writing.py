"""The bundle of a sealed poll: everything a scrutineer needs to recount without this server (docs/seal.md)."""

import csv
import io
import json
import zipfile
from typing import Any

from sqlalchemy.orm import Session

from surveys.polling.base32 import grouped
from surveys.polling.seal import header
from surveys.storage.tables import Poll
from surveys.vote.poll_record import verified
from surveys.vote.tallies import count, require_visible, whole_to_json

README = """\
{unit} {title} 选票包

封存码：{seal}

里面有什么
- record.json    测评表、计分规则、票种和票数、应到实到
- ballots.csv    全部选票，一张一行：票种和答案。答案一题一个字母，“-”是未填；顺序与投票先后无关
- receipts.csv   全部回执，按字母排序
- tally.json     服务器算出的统计

不靠服务器怎么核对
一、用 Python（3.9 以上，不用安装别的）：python3 recount 选票包.zip
    它重新数票、重算每个分数、重算封存码，一致就说“一致”，不一致就指出第一处。
二、用表格软件：不要双击打开 ballots.csv，用“数据”里的“从文本/CSV”导入，answers 一列的格式选“文本”，
    否则以“-”开头的答案会被当成算式。再把 answers 一列按字拆开，每列各数 A、B、C、D，与 tally.json 的 counts 对照；
    一题的得分 = 各字母的票数乘以分值（record.json 的 rules）之和 ÷ 填了的票数；多个票种按权重加权平均。
"""

# A zip entry's time would tell nothing, and a fixed one makes the bundle the same to the byte each time.
_ZIP_TIME = (2000, 1, 1, 0, 0, 0)


def write_bundle(session: Session, poll: Poll) -> bytes:
    """The zip. Raises WrongState before the result may be seen, Imbalance when the data do not match the seal."""
    seal = require_visible(poll)
    record = verified(session, poll)
    tally = count(poll.id, seal, record)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in {
            "README.txt": README.format(unit=tally.unit, title=tally.title, seal=seal),
            "record.json": _json({"seal": seal, **header(record)}),
            "ballots.csv": _csv(["class", "answers"], sorted([key, answers] for key, answers in record.ballots)),
            "receipts.csv": _csv(["receipt"], [[grouped(receipt)] for receipt in sorted(record.receipts)]),
            "tally.json": _json(whole_to_json(tally)),
        }.items():
            bundle.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text.encode(), zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _csv(header: list[str], rows: list[list[str]]) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([header, *rows])
    return target.getvalue()
