"""Forms of handing in, of reviewing and of proceedings."""

from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from surveys.acts.limits import LONGEST_REASON
from surveys.evidence.materials import MOST_ADDRESS, MOST_TITLE
from surveys.evidence.proceedings import LONGEST_BODY, LONGEST_PEOPLE
from surveys.web.forms import NUMBER, REQUIRED, CloseForm, StaffForm


class CloseRequestForm(CloseForm):
    seen = IntegerField("看到的意见", [InputRequired(NUMBER)], widget=HiddenInput())


class FileFields(StaffForm):
    """A file as it is, or the name of one that came in pieces."""

    file = FileField("文件")
    part = HiddenField("已上传的内容", [Optional(), Length(max=400)])
    part_name = HiddenField("文件名", [Optional(), Length(max=1000)])
    part_size = IntegerField("大小", [Optional()], widget=HiddenInput())


class MaterialFileForm(FileFields):
    item = IntegerField("项", [InputRequired(NUMBER)], widget=HiddenInput())


class PieceForm(StaffForm):
    key = StringField("文件", [DataRequired(REQUIRED), Length(max=400)])
    offset = IntegerField("位置", [InputRequired(NUMBER)])
    piece = FileField("一段", [FileRequired("没有内容。")])


class ReferenceFields(StaffForm):
    kind = RadioField(
        "报送什么", choices=[SelectChoice("link", "网页链接"), SelectChoice("document", "文号")], default="link"
    )
    reference = StringField("链接或文号", [DataRequired(REQUIRED), Length(max=MOST_ADDRESS)])
    title = StringField("名称（可不填）", [Optional(), Length(max=MOST_TITLE)])


class ReferenceForm(ReferenceFields):
    item = IntegerField("项", [InputRequired(NUMBER)], widget=HiddenInput())


class DueForm(StaffForm):
    """Empty: no deadline."""

    due_on = DateField("报送截止日期", [Optional()])


class ReviewForm(StaffForm):
    seen = IntegerField("看到的意见", [InputRequired(NUMBER)], widget=HiddenInput())
    reason = StringField("理由（退回、要求补充时必填）", [Optional(), Length(max=LONGEST_REASON)])
    verdict = RadioField(
        "意见",
        choices=[
            SelectChoice("accepted", "通过"),
            SelectChoice("more", "要求补充"),
            SelectChoice("rejected", "退回"),
        ],
    )


class ProceedingForm(StaffForm):
    """A record of any kind: a page shows the fields of its own."""

    held_on = DateField("日期", [InputRequired("请填写日期。")])
    people = StringField("参加的人", [DataRequired(REQUIRED), Length(max=LONGEST_PEOPLE)])
    row_key = SelectField("与哪一行有关", validate_choice=False, default="")
    body = TextAreaField("内容", [DataRequired(REQUIRED), Length(max=LONGEST_BODY)])
    anonymous = BooleanField("我再看过了，文中没有写出谈话人是谁")


class InspectionForm(ProceedingForm):
    body = None
    what = StringField(
        "看了什么（批示、制度、会议纪要、学习记录、图片音视频等）", [DataRequired(REQUIRED), Length(max=500)]
    )
    where = StringField("在哪里看的", [DataRequired(REQUIRED), Length(max=200)])
    finding = TextAreaField("情况", [DataRequired(REQUIRED), Length(max=4000)])
    photo = FileField("照片（JPEG 或 PNG，可以不传）")


class WithdrawRecordForm(StaffForm):
    reason = StringField("撤回的理由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])
