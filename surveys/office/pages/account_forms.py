"""Forms of the account pages."""

from wtforms import BooleanField, DateField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from surveys.acts.actors import Role
from surveys.acts.limits import LONGEST_NAME, LONGEST_PERSON, LONGEST_REASON
from surveys.web.forms import REQUIRED, GroundsForm, StaffForm


class HolderForm(StaffForm):
    person = StringField("姓名", [Length(max=LONGEST_PERSON, message=f"姓名最多 {LONGEST_PERSON} 个字。")])
    phone = StringField("电话", [Length(max=30)])


class AccountForm(HolderForm):
    """`department` and `unit_id`: of an assessor and of a reporter; the service refuses them of others."""

    name = StringField(
        "账号名（登录时输入）",
        [DataRequired(REQUIRED), Length(max=LONGEST_NAME, message=f"账号名最多 {LONGEST_NAME} 个字。")],
    )
    role = SelectField("角色", [DataRequired("请选角色。")])
    department = SelectField("考核部门（考评员）")
    unit_id = SelectField("单位（报送员）")


class WhyForm(StaffForm):
    reason = StringField(
        "原因", [DataRequired("请写明原因。"), Length(max=LONGEST_REASON, message=f"最多 {LONGEST_REASON} 个字。")]
    )


class MoveForm(WhyForm):
    place = SelectField("调整到", [DataRequired("请选要调整到哪里。")])


class PasswordFileForm(StaffForm):
    """How one-time passwords are handed out."""

    format = RadioField(
        "下载为",
        choices=[
            SelectChoice("pdf", "裁开发给各人的纸条（PDF）"),
            SelectChoice("xlsx", "表格（Excel）"),
            SelectChoice("csv", "表格（CSV）"),
        ],
        default="pdf",
    )


class MakeAccountsForm(PasswordFileForm):
    """`shown`: the preview's fingerprint."""

    shown = HiddenField("预览", [DataRequired(REQUIRED)])


class ConfirmAccountForm(StaffForm):
    """`given_at`: as it was shown."""

    account = HiddenField("账号", [DataRequired(REQUIRED)])
    given_at = HiddenField("时间", [DataRequired(REQUIRED)])
    sure = BooleanField("已问过本人", [InputRequired("请先问过本人，再勾选。")])


class ReissuePasswordsForm(PasswordFileForm, WhyForm):
    """The accounts come as checkboxes of the list."""


class SettingsForm(StaffForm):
    """As surveys.acts.site_settings.OwnSettings."""

    without_auditor = BooleanField("本站不设审计员")
    code_roles = SelectMultipleField(
        "必须用两步登录的角色",
        choices=[SelectChoice(role.value, role.label) for role in Role],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    code_for_hands = BooleanField("两人办的事（核定、确认、启封等），要再输一次动态码")


class StandInForm(GroundsForm):
    account = SelectField("代行的人", [DataRequired("请选代行的人。")])
    absent = SelectField("代替谁", [DataRequired("请选代替谁。")])
    last_day = DateField("最后一天（含当日）", [InputRequired("请填最后一天。")])


class StandInActForm(StaffForm):
    """To agree to one, or to end it."""

    number = HiddenField("代行", [DataRequired(REQUIRED)])
