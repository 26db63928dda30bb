"""Forms of setting an assessment up."""

from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput

from surveys.acts.limits import LONGEST_NAME, LONGEST_REASON, LONGEST_UNIT
from surveys.scoring.marks import STEPS
from surveys.scoring.score_sheet import Mode
from surveys.web.forms import REQUIRED, StaffForm


class OneOfSeveral(CheckboxInput):  # type: ignore[misc]
    """A tick of a field of several, of which it takes one: with HTML's `required` a browser would ask for each."""

    validation_attrs = ("disabled",)


class AssessmentForm(StaffForm):
    title = StringField("考核名称", [DataRequired(REQUIRED), Length(max=LONGEST_NAME)])
    # The service says which frameworks there are, in Chinese.
    frameworks = SelectMultipleField(
        "测评体系（可多选）",
        [DataRequired("请至少选一个测评体系。")],
        validate_choice=False,
        option_widget=OneOfSeveral(),
    )


class UnitForm(StaffForm):
    name = StringField("单位名称", [DataRequired(REQUIRED), Length(max=LONGEST_UNIT)])
    category = StringField("类别（同类别内排名）", [DataRequired(REQUIRED), Length(max=50)])
    framework = SelectField("测评体系")
    tags = StringField("单位标签（用空格隔开，没有就不填）", [Optional(), Length(max=300)])
    # The service says which departments there are, in Chinese.
    department = SelectField("本单位作为考核部门时的名称（回避用：不给自己打分）", validate_choice=False)
    leaders = TextAreaField("领导名单（一行一人：姓名 职务）", [Optional(), Length(max=10000)])


class RenameUnitForm(StaffForm):
    name = StringField("正确的名称", [DataRequired(REQUIRED), Length(max=LONGEST_UNIT)])
    reason = StringField("更正的原因（会记入日志）", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class RemoveUnitForm(StaffForm):
    reason = StringField("移除的原因（会记入日志）", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])
    sure = BooleanField("确认移除，领导名单和标签一起删去", [InputRequired("请先勾选确认。")])


class CopyForm(StaffForm):
    title = StringField("新考核的名称", [DataRequired(REQUIRED), Length(max=LONGEST_NAME)])


class RulesForm(StaffForm):
    """The service reads the numbers, and says of each what is wrong."""

    mode = RadioField("折算方式", choices=[SelectChoice(mode.value, mode.label) for mode in Mode])
    bonus_cap = StringField("加分上限（分）", [DataRequired(REQUIRED), Length(max=10)])
    deduction_cap = StringField("扣分上限（分）", [DataRequired(REQUIRED), Length(max=10)])
    bands = TextAreaField("等次（一行一个，从最好的写起：名称 最低分）", [DataRequired(REQUIRED), Length(max=500)])
    veto_band = StringField("一票否决后最好的等次", [DataRequired(REQUIRED), Length(max=50)])
    top_quota = StringField("最好等次的比例上限（%，留空不限）", [Optional(), Length(max=10)])
    mark_step = SelectField(
        "打分的最小单位", choices=[SelectChoice(str(step), f"{step} 分") for step in STEPS], validate_choice=False
    )


class ChooseForm(StaffForm):
    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    method = StringField("测评方法", [DataRequired("请选定一种测评方法。")])
