"""What an operator sets by environment variables; only the outermost layer reads the environment."""

from ringproof_server.settings.model import Settings
from ringproof_server.settings.policy import read_field
from ringproof_server.settings.reading import PREFIX, SettingsError
from ringproof_server.settings.secret import Secret
from ringproof_server.settings.table import SettingRow, setting_rows, settings_table, spell

__all__ = [
    "PREFIX",
    "Secret",
    "SettingRow",
    "Settings",
    "SettingsError",
    "read_field",
    "setting_rows",
    "settings_table",
    "spell",
]
