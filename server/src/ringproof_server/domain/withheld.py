"""The words that phones, networks and SIP peers show in place of a number that the caller did not give.

Collected by meaning: SIP (RFC 3323, RFC 3325), the reasons of ETSI EN 300 089 (calling line identification
presentation), Android's presentation values and what handsets show in the languages they speak.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Android once wrote these in place of numbers: unknown, private, payphone.
_ANDROID_CODES: Final = re.compile(r"[-‐-―−－]\s?[123]")

_WORDS: Final = """
anonymous|anonymous caller|anonymous call|anonymous.invalid|anon|unknown|unknown caller|unknown number
unknown.invalid|caller unknown|number unknown|unknown name|private|private number|private caller|private call
private name|restricted|restricted number|restricted call|presentation restricted|withheld|number withheld
caller id withheld|withheld number|caller withheld|id withheld|unavailable|number unavailable|not available
caller id unavailable|unavailable number|no caller id|no callerid|no number|no id|no caller|blocked
blocked number|blocked call|blocked caller|caller id blocked|hidden|hidden number|hidden caller|secret
out of area|payphone|pay phone|coin|coin line|coin line/payphone|telephone box|rejected by user|reject by user
interaction with other service|not disclosed|undisclosed|unlisted|confidential|null|none|nil|undefined|n/a
unidentified|unidentified caller|no number available|number not available|p|o|u
unbekannt|unbekannter anrufer|unbekannte nummer|unbekannte rufnummer|anonym|anonymer anruf|anonymer anrufer
unterdrückt|rufnummer unterdrückt|nummer unterdrückt|unterdrückte nummer|private nummer|privat
keine anrufer-id
keine nummer|münztelefon|öffentliches telefon|verborgen|nicht verfügbar|privater anrufer
inconnu|numéro inconnu|appel inconnu|correspondant inconnu|masqué|numéro masqué|appel masqué|privé
numéro privé
appel privé|anonyme|appel anonyme|secret|indisponible|aucun identifiant|aucun numéro|cabine
cabine téléphonique
numéro non disponible
desconocido|número desconocido|llamada desconocida|privado|número privado|llamada privada|oculto|número oculto
anónimo|no disponible|restringido|número restringido|sin identificador|sin identificar|sin id|sin número
teléfono público|cabina
sconosciuto|numero sconosciuto|privato|numero privato|anonimo|nascosto|numero nascosto|riservato|id nascosto
numero riservato|non disponibile|nessun id chiamante|telefono pubblico
desconhecido|número desconhecido|número privado|número oculto|confidencial|número confidencial
não identificado
sem identificação|sem identificador|número restrito|restrito|indisponível|anônimo|não disponível|orelhão
onbekend|onbekend nummer|onbekende beller|anoniem|privé|privénummer|afgeschermd|afgeschermd nummer|geen nummer
geen nummerweergave|verborgen nummer|niet beschikbaar
okänt|okänt nummer|okänd|skyddat nummer|hemligt nummer|dolt nummer|privat nummer|inget nummer-id
ukjent|ukjent nummer|skjult nummer|skjult|hemmelig nummer|hemmeligt nummer|ukendt|ukendt nummer|anonymt
tuntematon|tuntematon numero|tuntematon soittaja|salattu|salattu numero|yksityinen|yksityinen numero
piilotettu numero|ei soittajatietoja
nieznany|numer nieznany|nieznany numer|prywatny|numer prywatny|zastrzeżony|numer zastrzeżony|ukryty|anonimowy
neznámé|neznámý|neznámé číslo|skryté číslo|soukromé číslo|soukromé|skryté|anonymní|neznáme číslo
súkromné číslo
ismeretlen|ismeretlen szám|rejtett|rejtett szám|privát szám|privát|magánszám|titkos szám
necunoscut|număr necunoscut|număr ascuns|ascuns|număr privat|anonim|nedostupné
nepoznat|nepoznati broj|nepoznat broj|skriveni broj|privatni broj|skrit|zasebna številka|neznana številka
neznan|nežinomas|slaptas numeris|nezināms|slēpts numurs|tundmatu|varjatud number
неизвестный|неизвестно|неизвестен|неизвестный номер|номер неизвестен|скрытый|скрыт|скрытый номер|номер скрыт
номер не определен|не определён|без номера|частный номер|анонимный|засекречен|таксофон
невідомий|невідомий номер|прихований|прихований номер|номер приховано|приватний номер
неизвестен номер|скрит номер|частен номер|непознат|непознат број|скривен број
άγνωστος|άγνωστος αριθμός|απόκρυψη|με απόκρυψη|απόρρητος|απόρρητος αριθμός|ιδιωτικός αριθμός|ιδιωτικός
κρυφός αριθμός|χωρίς αναγνώριση
bilinmeyen|bilinmeyen numara|gizli|gizli numara|özel numara|özel|bilinmiyor|arayan yok|naməlum|gizli nömrə
مجهول|رقم مجهول|غير معروف|خاص|رقم خاص|مخفي|رقم مخفي|محجوب|رقم محجوب|غير متاح|بدون رقم|بلا هوية متصل
ناشناس|شماره ناشناس|خصوصی|شماره خصوصی|نامعلوم|نجی نمبر
חסוי|מספר חסוי|לא ידוע|לא מזוהה|פרטי|מספר פרטי|אין מספר מזוהה
अज्ञात|अज्ञात नंबर|निजी|निजी नंबर|निजी नम्बर|অজানা|ব্যক্তিগত নম্বর
ไม่ทราบ|ไม่ทราบหมายเลข|ไม่รู้จัก|หมายเลขส่วนตัว|ส่วนตัว|ไม่แสดงหมายเลข|ไม่มีหมายเลขผู้โทร
không xác định|số riêng|số riêng tư|số cá nhân|không rõ|số ẩn|ẩn số|không có id người gọi
tidak diketahui|tidak dikenal|nomor pribadi|pribadi|nomor tersembunyi|tidak dikenali|nombor peribadi|peribadi
hindi kilala|haijulikani|nambari ya faragha
未知|未知号码|未知號碼|未知来电|不明|不明号码|不明來電|私人号码|私人號碼|私密号码|隐藏号码|隱藏號碼|无号码
无主叫号码|无来电显示|無來電顯示|未显示号码|未顯示號碼|匿名|保密号码|无法显示|拒绝显示号码|公用电话|公用電話
非通知|非通知設定|通知不可|通知不可能|公衆電話|表示圏外|番号非通知|発信者番号非通知|不明な発信者|発信者不明
발신번호 표시제한|발신번호표시제한|발신자 표시 제한|발신번호 없음|발신자 번호 없음|발신자 정보 없음|알 수 없음
알 수 없는 번호|비공개|익명|번호 없음|공중전화|비공개 번호
"""


def is_withheld(shown: str) -> bool:
    """Whether the text says that there is no number to show: one of the known words, or nothing at all.

    Case, accents, spaces and punctuation do not matter; text without any letter or digit is nothing.
    """
    if _ANDROID_CODES.fullmatch(shown.strip()):
        return True
    return _essence(shown) in _ESSENCES


def _essence(text: str) -> str:
    """Letters and digits alone, without accents, in one case and one width."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())


_ESSENCES: Final = frozenset(
    {"", *(_essence(word) for line in _WORDS.splitlines() for word in line.split("|"))}
)
