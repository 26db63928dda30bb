"""Reading a bundle that may come from anybody: its seal is checked, and that what it says can be counted."""

import csv
import io
import json
import re
import zipfile
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from surveys.acts.errors import BrokenBundle
from surveys.intake.zips import BROKEN
from surveys.polling import base32, codes
from surveys.polling.seal import ClassCount, Record, imbalance, seal
from surveys.polling.sheet import BLANK, Sheet

FILES = ("README.txt", "record.json", "ballots.csv", "receipts.csv", "tally.json")
MOST_BYTES = 64 * 1024 * 1024
"""Of a bundle, and of what is in it: a poll of ten thousand with thirty leaders takes a tenth."""

_LARGEST_COUNT = 2**31 - 1
_MOST_DIGITS = 60  # of a weight, and of its exponent: an exponent of a thousand million would fill the memory


def read_bundle(data: bytes) -> Record:
    """The record in a bundle, which matches its seal and can be counted. `tally.json` is not looked at: every figure
    comes from the ballots. Raises BrokenBundle."""
    try:
        files = _unpacked(data)
        said = json.loads(files["record.json"])
        header = _Header.model_validate_json(files["record.json"])
        record = Record(
            poll=header.poll,
            rehearsal=header.rehearsal,
            entitled=header.entitled,
            present=header.present,
            sheet=said["sheet"],
            rules=said["rules"],
            classes=[ClassCount(**vars(entry)) for entry in header.classes],
            ballots=[(key, answers) for key, answers in _rows(files["ballots.csv"], ["class", "answers"])],
            receipts=[receipt.replace("-", "") for (receipt,) in _rows(files["receipts.csv"], ["receipt"])],
            issued_for=header.issued_for,
            present_by=header.present_by,
        )
        told = seal(record)
    except ValidationError as error:
        place = "、".join(str(part)[:20] for part in error.errors()[0]["loc"] if str(part).isprintable())
        raise BrokenBundle(f"选票包里的 record.json 不合格式（{place}）。请向组织方要一份原样的选票包。") from None
    except (RecursionError, UnicodeError, ValueError, csv.Error):
        raise BrokenBundle("选票包里的文件读不出来，可能损坏或被改动。请向组织方要一份原样的选票包。") from None
    if told != header.seal:
        raise BrokenBundle("选票包与它的封存码不符：内容封存后有改动，不能据此统计。请向组织方要一份原样的选票包。")
    _check_countable(record)
    return record


def _unpacked(data: bytes) -> dict[str, str]:
    """The texts of the bundle's files. Nothing is written to disk, and no more is unpacked than is allowed."""
    if len(data) > MOST_BYTES:
        raise BrokenBundle("选票包大得不合理，没有打开。请核对文件。")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            entries = bundle.infolist()
            if sorted(entry.filename for entry in entries) != sorted(FILES):
                raise BrokenBundle(f"这不是选票包：里面应有且只有 {'、'.join(FILES)}。")
            contents = {}
            left = MOST_BYTES
            for entry in entries:
                # Other methods can ask for much memory before a byte comes out.
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise BrokenBundle("选票包的压缩方法不对。请用组织方给的原文件，不要重新打包。")
                with bundle.open(entry) as member:
                    content = member.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise BrokenBundle("选票包里的文件大得不合理，没有打开。请核对文件。")
                contents[entry.filename] = content
    except BROKEN:
        raise BrokenBundle("选票包打不开：不是 zip 文件，或已损坏。请向组织方要一份原样的选票包。") from None
    return {name: content.decode() for name, content in contents.items()}


def _rows(text: str, header: list[str]) -> list[list[str]]:
    """A CSV's rows below its header. Raises ValueError."""
    first, *rows = list(csv.reader(io.StringIO(text), strict=True)) or [[]]
    if first != header or any(len(row) != len(header) for row in rows):
        raise ValueError("columns")
    return rows


def _check_countable(record: Record) -> None:
    """A seal only says that nobody changed the bundle since it was computed; anybody can compute one."""
    fault = imbalance(record)
    if fault is not None:
        raise BrokenBundle(f"选票包里的票数对不上：{fault}。请向组织方要一份原样的选票包。")
    allowed = [letters + BLANK for _, letters in Sheet.from_json(record.sheet).fields()]
    for number, (_, answers) in enumerate(sorted(record.ballots), start=1):
        if len(answers) != len(allowed) or any(
            letter not in letters for letter, letters in zip(answers, allowed, strict=True)
        ):
            raise BrokenBundle(f"ballots.csv 第 {number} 张选票与测评表不符。请向组织方要一份原样的选票包。")


def _number(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number") from None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MOST_DIGITS or value.adjusted() > _MOST_DIGITS:
        raise ValueError("not a number to count with")
    return text


def _quorum(text: str) -> str:
    if not re.fullmatch(r"\d{1,9}/[1-9]\d{0,8}", text, re.ASCII):
        raise ValueError("not a fraction")
    return text


def _day(text: str) -> str:
    date.fromisoformat(text)
    return text


Count = Annotated[int, Field(ge=0, le=_LARGEST_COUNT)]
Number = Annotated[str, StringConstraints(max_length=_MOST_DIGITS), AfterValidator(_number)]
Day = Annotated[str, AfterValidator(_day)]
Short = Annotated[str, StringConstraints(max_length=200)]
Letter = Annotated[str, StringConstraints(pattern="^[A-Z]$")]


class _Part(BaseModel):
    """Strict; what later versions add is carried along unread, for the seal covers it."""

    model_config = ConfigDict(strict=True)


def _distinct(keys: list[str]) -> None:
    if len(set(keys)) != len(keys):
        raise ValueError("twice the same")


class _Class(_Part):
    key: Short
    name: Short
    weight: Number
    issued: Count
    cast: Count
    void: Count
    unused: Count


class _Grade(_Part):
    letter: Letter
    name: Short


class _Question(_Part):
    key: Annotated[str, StringConstraints(max_length=40)]
    text: Annotated[str, StringConstraints(max_length=4000)]


class _Form(_Part):
    title: Short
    grades: Annotated[list[_Grade], Field(min_length=1, max_length=26)]
    questions: Annotated[list[_Question], Field(min_length=1, max_length=200)]
    abstain: Short | None = None


class _Leader(_Part):
    name: Short
    post: Short


class _Sheet(_Part):
    title: Short
    unit: Short
    held_on: Day | None = None
    place: Short = ""
    organization: _Form | None
    leader: _Form | None
    leaders: Annotated[list[_Leader], Field(max_length=500)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.organization or (self.leader and self.leaders)):
            raise ValueError("nothing was asked")
        return self


class _FormRules(_Part):
    grades: dict[Letter, Number]
    questions: list[tuple[str, Number]]


class _Rules(_Part):
    organization: _FormRules | None
    leader: _FormRules | None
    blank: Literal["exclude", "zero", "spoil"]
    quorum: Annotated[str, AfterValidator(_quorum)]
    two_hands: bool = False
    reserve: Count | None = None
    issue_to: Count | None = None


class _Header(_Part):
    seal: Short
    format: Literal["ceping-seal/1"]
    poll: Annotated[str, StringConstraints(pattern=f"^[{base32.ALPHABET}]{{{codes.PREFIX_LENGTH}}}$")]
    rehearsal: bool
    entitled: Count
    present: Count | None
    sheet: _Sheet
    rules: _Rules
    classes: Annotated[list[_Class], Field(min_length=1, max_length=100)]
    issued_for: dict[Short, Count] | None = None
    present_by: Literal["command", "two"] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Each form on the sheet has rules for its grades and its questions, in their order."""
        _distinct([entry.key for entry in self.classes])
        for form, rules in (
            (self.sheet.organization, self.rules.organization),
            (self.sheet.leader, self.rules.leader),
        ):
            if form is None:
                continue
            letters = [grade.letter for grade in form.grades]
            _distinct(letters)
            if rules is None or sorted(rules.grades) != sorted(letters):
                raise ValueError("grades without weights")
            if [key for key, _ in rules.questions] != [question.key for question in form.questions]:
                raise ValueError("questions without weights")
        return self
