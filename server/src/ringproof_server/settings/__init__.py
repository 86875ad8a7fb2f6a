"""What an operator sets by environment variables; only the outermost layer reads the environment."""

from ringproof_server.settings.model import KNOWN_CARRIERS, Settings
from ringproof_server.settings.reading import PREFIX, SettingsError
from ringproof_server.settings.secret import Secret
from ringproof_server.settings.table import SettingRow, setting_rows, settings_table
from ringproof_server.settings.values import KEY_COMMAND, SHORTEST_KEY

__all__ = [
    "KEY_COMMAND",
    "KNOWN_CARRIERS",
    "PREFIX",
    "SHORTEST_KEY",
    "Secret",
    "SettingRow",
    "Settings",
    "SettingsError",
    "setting_rows",
    "settings_table",
]
