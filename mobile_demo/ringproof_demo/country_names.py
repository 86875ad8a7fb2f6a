"""Names of countries in the app's languages, in a module so that every way of packaging takes it along."""

from typing import Final

LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "it")
"""The order of the names in a row."""

TABLE: Final = """\
AC|247|Ascension|Ascension|Ascension|Ascensión|Ascensão|Ascensione
AD|376|Andorra|Andorra|Andorre|Andorra|Andorra|Andorra
AE|971|United Arab Emirates|Vereinigte Arabische Emirate|Émirats arabes unis|Emiratos Árabes Unidos|Emirados Árabes Unidos|Emirati Arabi Uniti
AF|93|Afghanistan|Afghanistan|Afghanistan|Afganistán|Afeganistão|Afghanistan
AG|1|Antigua and Barbuda|Antigua und Barbuda|Antigua-et-Barbuda|Antigua y Barbuda|Antígua e Barbuda|Antigua e Barbuda
AI|1|Anguilla|Anguilla|Anguilla|Anguila|Anguila|Anguilla
AL|355|Albania|Albanien|Albanie|Albania|Albânia|Albania
AM|374|Armenia|Armenien|Arménie|Armenia|Arménia|Armenia
AO|244|Angola|Angola|Angola|Angola|Angola|Angola
AR|54|Argentina|Argentinien|Argentine|Argentina|Argentina|Argentina
AS|1|American Samoa|Amerikanisch-Samoa|Samoa américaines|Samoa Americana|Samoa Americana|Samoa Americane
AT|43|Austria|Österreich|Autriche|Austria|Áustria|Austria
AU|61|Australia|Australien|Australie|Australia|Austrália|Australia
AW|297|Aruba|Aruba|Aruba|Aruba|Aruba|Aruba
AX|358|Åland Islands|Ålandinseln|Îles Åland|Islas Åland|Ilhas Åland|Isole Åland
AZ|994|Azerbaijan|Aserbaidschan|Azerbaïdjan|Azerbaiyán|Azerbaijão|Azerbaigian
BA|387|Bosnia and Herzegovina|Bosnien und Herzegowina|Bosnie-Herzégovine|Bosnia y Herzegovina|Bósnia e Herzegovina|Bosnia ed Erzegovina
BB|1|Barbados|Barbados|Barbade|Barbados|Barbados|Barbados
BD|880|Bangladesh|Bangladesch|Bangladesh|Bangladés|Bangladeche|Bangladesh
BE|32|Belgium|Belgien|Belgique|Bélgica|Bélgica|Belgio
BF|226|Burkina Faso|Burkina Faso|Burkina Faso|Burkina Faso|Burquina Faso|Burkina Faso
BG|359|Bulgaria|Bulgarien|Bulgarie|Bulgaria|Bulgária|Bulgaria
BH|973|Bahrain|Bahrain|Bahreïn|Baréin|Barém|Bahrein
BI|257|Burundi|Burundi|Burundi|Burundi|Burundi|Burundi
BJ|229|Benin|Benin|Bénin|Benín|Benim|Benin
BL|590|Saint Barthélemy|Saint-Barthélemy|Saint-Barthélemy|San Bartolomé|São Bartolomeu|Saint-Barthélemy
BM|1|Bermuda|Bermuda|Bermudes|Bermudas|Bermudas|Bermuda
BN|673|Brunei|Brunei|Brunei|Brunéi|Brunei|Brunei
BO|591|Bolivia|Bolivien|Bolivie|Bolivia|Bolívia|Bolivia
BQ|599|Caribbean Netherlands|Karibische Niederlande|Pays-Bas caribéens|Caribe neerlandés|Países Baixos Caribenhos|Caraibi olandesi
BR|55|Brazil|Brasilien|Brésil|Brasil|Brasil|Brasile
BS|1|Bahamas|Bahamas|Bahamas|Bahamas|Baamas|Bahamas
BT|975|Bhutan|Bhutan|Bhoutan|Bután|Butão|Bhutan
BW|267|Botswana|Botsuana|Botswana|Botsuana|Botsuana|Botswana
BY|375|Belarus|Belarus|Biélorussie|Bielorrusia|Bielorrússia|Bielorussia
BZ|501|Belize|Belize|Belize|Belice|Belize|Belize
CA|1|Canada|Kanada|Canada|Canadá|Canadá|Canada
CC|61|Cocos Islands|Kokosinseln|Îles Cocos|Islas Cocos|Ilhas dos Cocos|Isole Cocos
CD|243|Congo (Kinshasa)|Kongo (Kinshasa)|Congo (Kinshasa)|Congo (Kinsasa)|Congo (Kinshasa)|Congo (Kinshasa)
CF|236|Central African Republic|Zentralafrikanische Republik|République centrafricaine|República Centroafricana|República Centro-Africana|Repubblica Centrafricana
CG|242|Congo (Brazzaville)|Kongo (Brazzaville)|Congo (Brazzaville)|Congo (Brazzaville)|Congo (Brazzaville)|Congo (Brazzaville)
CH|41|Switzerland|Schweiz|Suisse|Suiza|Suíça|Svizzera
CI|225|Côte d’Ivoire|Elfenbeinküste|Côte d’Ivoire|Costa de Marfil|Costa do Marfim|Costa d’Avorio
CK|682|Cook Islands|Cookinseln|Îles Cook|Islas Cook|Ilhas Cook|Isole Cook
CL|56|Chile|Chile|Chili|Chile|Chile|Cile
CM|237|Cameroon|Kamerun|Cameroun|Camerún|Camarões|Camerun
CN|86|China|China|Chine|China|China|Cina
CO|57|Colombia|Kolumbien|Colombie|Colombia|Colômbia|Colombia
CR|506|Costa Rica|Costa Rica|Costa Rica|Costa Rica|Costa Rica|Costa Rica
CU|53|Cuba|Kuba|Cuba|Cuba|Cuba|Cuba
CV|238|Cape Verde|Kap Verde|Cap-Vert|Cabo Verde|Cabo Verde|Capo Verde
CW|599|Curaçao|Curaçao|Curaçao|Curazao|Curaçau|Curaçao
CX|61|Christmas Island|Weihnachtsinsel|Île Christmas|Isla de Navidad|Ilha do Natal|Isola di Natale
CY|357|Cyprus|Zypern|Chypre|Chipre|Chipre|Cipro
CZ|420|Czechia|Tschechien|Tchéquie|Chequia|Chéquia|Cechia
DE|49|Germany|Deutschland|Allemagne|Alemania|Alemanha|Germania
DJ|253|Djibouti|Dschibuti|Djibouti|Yibuti|Jibuti|Gibuti
DK|45|Denmark|Dänemark|Danemark|Dinamarca|Dinamarca|Danimarca
DM|1|Dominica|Dominica|Dominique|Dominica|Domínica|Dominica
DO|1|Dominican Republic|Dominikanische Republik|République dominicaine|República Dominicana|República Dominicana|Repubblica Dominicana
DZ|213|Algeria|Algerien|Algérie|Argelia|Argélia|Algeria
EC|593|Ecuador|Ecuador|Équateur|Ecuador|Equador|Ecuador
EE|372|Estonia|Estland|Estonie|Estonia|Estónia|Estonia
EG|20|Egypt|Ägypten|Égypte|Egipto|Egito|Egitto
EH|212|Western Sahara|Westsahara|Sahara occidental|Sáhara Occidental|Sara Ocidental|Sahara Occidentale
ER|291|Eritrea|Eritrea|Érythrée|Eritrea|Eritreia|Eritrea
ES|34|Spain|Spanien|Espagne|España|Espanha|Spagna
ET|251|Ethiopia|Äthiopien|Éthiopie|Etiopía|Etiópia|Etiopia
FI|358|Finland|Finnland|Finlande|Finlandia|Finlândia|Finlandia
FJ|679|Fiji|Fidschi|Fidji|Fiyi|Fiji|Figi
FK|500|Falkland Islands|Falklandinseln|Îles Malouines|Islas Malvinas|Ilhas Malvinas|Isole Falkland
FM|691|Micronesia|Mikronesien|Micronésie|Micronesia|Micronésia|Micronesia
FO|298|Faroe Islands|Färöer|Îles Féroé|Islas Feroe|Ilhas Faroé|Isole Fær Øer
FR|33|France|Frankreich|France|Francia|França|Francia
GA|241|Gabon|Gabun|Gabon|Gabón|Gabão|Gabon
GB|44|United Kingdom|Vereinigtes Königreich|Royaume-Uni|Reino Unido|Reino Unido|Regno Unito
GD|1|Grenada|Grenada|Grenade|Granada|Granada|Grenada
GE|995|Georgia|Georgien|Géorgie|Georgia|Geórgia|Georgia
GF|594|French Guiana|Französisch-Guayana|Guyane française|Guayana Francesa|Guiana Francesa|Guyana francese
GG|44|Guernsey|Guernsey|Guernesey|Guernesey|Guernsey|Guernsey
GH|233|Ghana|Ghana|Ghana|Ghana|Gana|Ghana
GI|350|Gibraltar|Gibraltar|Gibraltar|Gibraltar|Gibraltar|Gibilterra
GL|299|Greenland|Grönland|Groenland|Groenlandia|Gronelândia|Groenlandia
GM|220|Gambia|Gambia|Gambie|Gambia|Gâmbia|Gambia
GN|224|Guinea|Guinea|Guinée|Guinea|Guiné|Guinea
GP|590|Guadeloupe|Guadeloupe|Guadeloupe|Guadalupe|Guadalupe|Guadalupa
GQ|240|Equatorial Guinea|Äquatorialguinea|Guinée équatoriale|Guinea Ecuatorial|Guiné Equatorial|Guinea Equatoriale
GR|30|Greece|Griechenland|Grèce|Grecia|Grécia|Grecia
GT|502|Guatemala|Guatemala|Guatemala|Guatemala|Guatemala|Guatemala
GU|1|Guam|Guam|Guam|Guam|Guame|Guam
GW|245|Guinea-Bissau|Guinea-Bissau|Guinée-Bissau|Guinea-Bisáu|Guiné-Bissau|Guinea-Bissau
GY|592|Guyana|Guyana|Guyana|Guyana|Guiana|Guyana
HK|852|Hong Kong|Hongkong|Hong Kong|Hong Kong|Hong Kong|Hong Kong
HN|504|Honduras|Honduras|Honduras|Honduras|Honduras|Honduras
HR|385|Croatia|Kroatien|Croatie|Croacia|Croácia|Croazia
HT|509|Haiti|Haiti|Haïti|Haití|Haiti|Haiti
HU|36|Hungary|Ungarn|Hongrie|Hungría|Hungria|Ungheria
ID|62|Indonesia|Indonesien|Indonésie|Indonesia|Indonésia|Indonesia
IE|353|Ireland|Irland|Irlande|Irlanda|Irlanda|Irlanda
IL|972|Israel|Israel|Israël|Israel|Israel|Israele
IM|44|Isle of Man|Isle of Man|Île de Man|Isla de Man|Ilha de Man|Isola di Man
IN|91|India|Indien|Inde|India|Índia|India
IO|246|British Indian Ocean Territory|Britisches Territorium im Indischen Ozean|Territoire britannique de l’océan Indien|Territorio Británico del Océano Índico|Território Britânico do Oceano Índico|Territorio britannico dell’Oceano Indiano
IQ|964|Iraq|Irak|Irak|Irak|Iraque|Iraq
IR|98|Iran|Iran|Iran|Irán|Irão|Iran
IS|354|Iceland|Island|Islande|Islandia|Islândia|Islanda
IT|39|Italy|Italien|Italie|Italia|Itália|Italia
JE|44|Jersey|Jersey|Jersey|Jersey|Jersey|Jersey
JM|1|Jamaica|Jamaika|Jamaïque|Jamaica|Jamaica|Giamaica
JO|962|Jordan|Jordanien|Jordanie|Jordania|Jordânia|Giordania
JP|81|Japan|Japan|Japon|Japón|Japão|Giappone
KE|254|Kenya|Kenia|Kenya|Kenia|Quénia|Kenya
KG|996|Kyrgyzstan|Kirgisistan|Kirghizistan|Kirguistán|Quirguistão|Kirghizistan
KH|855|Cambodia|Kambodscha|Cambodge|Camboya|Camboja|Cambogia
KI|686|Kiribati|Kiribati|Kiribati|Kiribati|Quiribáti|Kiribati
KM|269|Comoros|Komoren|Comores|Comoras|Comores|Comore
KN|1|Saint Kitts and Nevis|St. Kitts und Nevis|Saint-Christophe-et-Niévès|San Cristóbal y Nieves|São Cristóvão e Neves|Saint Kitts e Nevis
KP|850|North Korea|Nordkorea|Corée du Nord|Corea del Norte|Coreia do Norte|Corea del Nord
KR|82|South Korea|Südkorea|Corée du Sud|Corea del Sur|Coreia do Sul|Corea del Sud
KW|965|Kuwait|Kuwait|Koweït|Kuwait|Koweit|Kuwait
KY|1|Cayman Islands|Kaimaninseln|Îles Caïmans|Islas Caimán|Ilhas Caimão|Isole Cayman
KZ|7|Kazakhstan|Kasachstan|Kazakhstan|Kazajistán|Cazaquistão|Kazakistan
LA|856|Laos|Laos|Laos|Laos|Laos|Laos
LB|961|Lebanon|Libanon|Liban|Líbano|Líbano|Libano
LC|1|Saint Lucia|St. Lucia|Sainte-Lucie|Santa Lucía|Santa Lúcia|Saint Lucia
LI|423|Liechtenstein|Liechtenstein|Liechtenstein|Liechtenstein|Listenstaine|Liechtenstein
LK|94|Sri Lanka|Sri Lanka|Sri Lanka|Sri Lanka|Sri Lanca|Sri Lanka
LR|231|Liberia|Liberia|Libéria|Liberia|Libéria|Liberia
LS|266|Lesotho|Lesotho|Lesotho|Lesoto|Lesoto|Lesotho
LT|370|Lithuania|Litauen|Lituanie|Lituania|Lituânia|Lituania
LU|352|Luxembourg|Luxemburg|Luxembourg|Luxemburgo|Luxemburgo|Lussemburgo
LV|371|Latvia|Lettland|Lettonie|Letonia|Letónia|Lettonia
LY|218|Libya|Libyen|Libye|Libia|Líbia|Libia
MA|212|Morocco|Marokko|Maroc|Marruecos|Marrocos|Marocco
MC|377|Monaco|Monaco|Monaco|Mónaco|Mónaco|Monaco
MD|373|Moldova|Moldau|Moldavie|Moldavia|Moldávia|Moldavia
ME|382|Montenegro|Montenegro|Monténégro|Montenegro|Montenegro|Montenegro
MF|590|Saint Martin|St. Martin|Saint-Martin|San Martín|São Martinho|Saint-Martin
MG|261|Madagascar|Madagaskar|Madagascar|Madagascar|Madagáscar|Madagascar
MH|692|Marshall Islands|Marshallinseln|Îles Marshall|Islas Marshall|Ilhas Marshall|Isole Marshall
MK|389|North Macedonia|Nordmazedonien|Macédoine du Nord|Macedonia del Norte|Macedónia do Norte|Macedonia del Nord
ML|223|Mali|Mali|Mali|Malí|Mali|Mali
MM|95|Myanmar|Myanmar|Birmanie|Birmania|Mianmar|Birmania
MN|976|Mongolia|Mongolei|Mongolie|Mongolia|Mongólia|Mongolia
MO|853|Macao|Macau|Macao|Macao|Macau|Macao
MP|1|Northern Mariana Islands|Nördliche Marianen|Îles Mariannes du Nord|Islas Marianas del Norte|Marianas Setentrionais|Isole Marianne Settentrionali
MQ|596|Martinique|Martinique|Martinique|Martinica|Martinica|Martinica
MR|222|Mauritania|Mauretanien|Mauritanie|Mauritania|Mauritânia|Mauritania
MS|1|Montserrat|Montserrat|Montserrat|Montserrat|Monserrate|Montserrat
MT|356|Malta|Malta|Malte|Malta|Malta|Malta
MU|230|Mauritius|Mauritius|Maurice|Mauricio|Maurícia|Mauritius
MV|960|Maldives|Malediven|Maldives|Maldivas|Maldivas|Maldive
MW|265|Malawi|Malawi|Malawi|Malaui|Maláui|Malawi
MX|52|Mexico|Mexiko|Mexique|México|México|Messico
MY|60|Malaysia|Malaysia|Malaisie|Malasia|Malásia|Malaysia
MZ|258|Mozambique|Mosambik|Mozambique|Mozambique|Moçambique|Mozambico
NA|264|Namibia|Namibia|Namibie|Namibia|Namíbia|Namibia
NC|687|New Caledonia|Neukaledonien|Nouvelle-Calédonie|Nueva Caledonia|Nova Caledónia|Nuova Caledonia
NE|227|Niger|Niger|Niger|Níger|Níger|Niger
NF|672|Norfolk Island|Norfolkinsel|Île Norfolk|Isla Norfolk|Ilha Norfolk|Isola Norfolk
NG|234|Nigeria|Nigeria|Nigéria|Nigeria|Nigéria|Nigeria
NI|505|Nicaragua|Nicaragua|Nicaragua|Nicaragua|Nicarágua|Nicaragua
NL|31|Netherlands|Niederlande|Pays-Bas|Países Bajos|Países Baixos|Paesi Bassi
NO|47|Norway|Norwegen|Norvège|Noruega|Noruega|Norvegia
NP|977|Nepal|Nepal|Népal|Nepal|Nepal|Nepal
NR|674|Nauru|Nauru|Nauru|Nauru|Nauru|Nauru
NU|683|Niue|Niue|Niue|Niue|Niue|Niue
NZ|64|New Zealand|Neuseeland|Nouvelle-Zélande|Nueva Zelanda|Nova Zelândia|Nuova Zelanda
OM|968|Oman|Oman|Oman|Omán|Omã|Oman
PA|507|Panama|Panama|Panama|Panamá|Panamá|Panama
PE|51|Peru|Peru|Pérou|Perú|Peru|Perù
PF|689|French Polynesia|Französisch-Polynesien|Polynésie française|Polinesia Francesa|Polinésia Francesa|Polinesia francese
PG|675|Papua New Guinea|Papua-Neuguinea|Papouasie-Nouvelle-Guinée|Papúa Nueva Guinea|Papua Nova Guiné|Papua Nuova Guinea
PH|63|Philippines|Philippinen|Philippines|Filipinas|Filipinas|Filippine
PK|92|Pakistan|Pakistan|Pakistan|Pakistán|Paquistão|Pakistan
PL|48|Poland|Polen|Pologne|Polonia|Polónia|Polonia
PM|508|Saint Pierre and Miquelon|St. Pierre und Miquelon|Saint-Pierre-et-Miquelon|San Pedro y Miquelón|São Pedro e Miquelão|Saint-Pierre e Miquelon
PR|1|Puerto Rico|Puerto Rico|Porto Rico|Puerto Rico|Porto Rico|Porto Rico
PS|970|Palestine|Palästina|Palestine|Palestina|Palestina|Palestina
PT|351|Portugal|Portugal|Portugal|Portugal|Portugal|Portogallo
PW|680|Palau|Palau|Palaos|Palaos|Palau|Palau
PY|595|Paraguay|Paraguay|Paraguay|Paraguay|Paraguai|Paraguay
QA|974|Qatar|Katar|Qatar|Catar|Catar|Qatar
RE|262|Réunion|Réunion|La Réunion|Reunión|Reunião|Riunione
RO|40|Romania|Rumänien|Roumanie|Rumanía|Roménia|Romania
RS|381|Serbia|Serbien|Serbie|Serbia|Sérvia|Serbia
RU|7|Russia|Russland|Russie|Rusia|Rússia|Russia
RW|250|Rwanda|Ruanda|Rwanda|Ruanda|Ruanda|Ruanda
SA|966|Saudi Arabia|Saudi-Arabien|Arabie saoudite|Arabia Saudí|Arábia Saudita|Arabia Saudita
SB|677|Solomon Islands|Salomonen|Îles Salomon|Islas Salomón|Ilhas Salomão|Isole Salomone
SC|248|Seychelles|Seychellen|Seychelles|Seychelles|Seicheles|Seychelles
SD|249|Sudan|Sudan|Soudan|Sudán|Sudão|Sudan
SE|46|Sweden|Schweden|Suède|Suecia|Suécia|Svezia
SG|65|Singapore|Singapur|Singapour|Singapur|Singapura|Singapore
SH|290|Saint Helena|St. Helena|Sainte-Hélène|Santa Elena|Santa Helena|Sant’Elena
SI|386|Slovenia|Slowenien|Slovénie|Eslovenia|Eslovénia|Slovenia
SJ|47|Svalbard and Jan Mayen|Spitzbergen und Jan Mayen|Svalbard et Jan Mayen|Svalbard y Jan Mayen|Svalbard e Jan Mayen|Svalbard e Jan Mayen
SK|421|Slovakia|Slowakei|Slovaquie|Eslovaquia|Eslováquia|Slovacchia
SL|232|Sierra Leone|Sierra Leone|Sierra Leone|Sierra Leona|Serra Leoa|Sierra Leone
SM|378|San Marino|San Marino|Saint-Marin|San Marino|São Marinho|San Marino
SN|221|Senegal|Senegal|Sénégal|Senegal|Senegal|Senegal
SO|252|Somalia|Somalia|Somalie|Somalia|Somália|Somalia
SR|597|Suriname|Suriname|Suriname|Surinam|Suriname|Suriname
SS|211|South Sudan|Südsudan|Soudan du Sud|Sudán del Sur|Sudão do Sul|Sud Sudan
ST|239|São Tomé and Príncipe|São Tomé und Príncipe|Sao Tomé-et-Principe|Santo Tomé y Príncipe|São Tomé e Príncipe|São Tomé e Príncipe
SV|503|El Salvador|El Salvador|Salvador|El Salvador|Salvador|El Salvador
SX|1|Sint Maarten|Sint Maarten|Saint-Martin (partie néerlandaise)|San Martín (parte neerlandesa)|São Martinho (parte holandesa)|Sint Maarten
SY|963|Syria|Syrien|Syrie|Siria|Síria|Siria
SZ|268|Eswatini|Eswatini|Eswatini|Esuatini|Essuatíni|Eswatini
TA|290|Tristan da Cunha|Tristan da Cunha|Tristan da Cunha|Tristán de Acuña|Tristão da Cunha|Tristan da Cunha
TC|1|Turks and Caicos Islands|Turks- und Caicosinseln|Îles Turques-et-Caïques|Islas Turcas y Caicos|Ilhas Turcas e Caicos|Isole Turks e Caicos
TD|235|Chad|Tschad|Tchad|Chad|Chade|Ciad
TG|228|Togo|Togo|Togo|Togo|Togo|Togo
TH|66|Thailand|Thailand|Thaïlande|Tailandia|Tailândia|Thailandia
TJ|992|Tajikistan|Tadschikistan|Tadjikistan|Tayikistán|Tajiquistão|Tagikistan
TK|690|Tokelau|Tokelau|Tokelau|Tokelau|Toquelau|Tokelau
TL|670|Timor-Leste|Timor-Leste|Timor oriental|Timor Oriental|Timor-Leste|Timor Est
TM|993|Turkmenistan|Turkmenistan|Turkménistan|Turkmenistán|Turquemenistão|Turkmenistan
TN|216|Tunisia|Tunesien|Tunisie|Túnez|Tunísia|Tunisia
TO|676|Tonga|Tonga|Tonga|Tonga|Tonga|Tonga
TR|90|Türkiye|Türkei|Turquie|Turquía|Turquia|Turchia
TT|1|Trinidad and Tobago|Trinidad und Tobago|Trinité-et-Tobago|Trinidad y Tobago|Trindade e Tobago|Trinidad e Tobago
TV|688|Tuvalu|Tuvalu|Tuvalu|Tuvalu|Tuvalu|Tuvalu
TW|886|Taiwan|Taiwan|Taïwan|Taiwán|Taiwan|Taiwan
TZ|255|Tanzania|Tansania|Tanzanie|Tanzania|Tanzânia|Tanzania
UA|380|Ukraine|Ukraine|Ukraine|Ucrania|Ucrânia|Ucraina
UG|256|Uganda|Uganda|Ouganda|Uganda|Uganda|Uganda
US|1|United States|Vereinigte Staaten|États-Unis|Estados Unidos|Estados Unidos|Stati Uniti
UY|598|Uruguay|Uruguay|Uruguay|Uruguay|Uruguai|Uruguay
UZ|998|Uzbekistan|Usbekistan|Ouzbékistan|Uzbekistán|Usbequistão|Uzbekistan
VA|39|Vatican City|Vatikanstadt|Vatican|Ciudad del Vaticano|Cidade do Vaticano|Città del Vaticano
VC|1|Saint Vincent and the Grenadines|St. Vincent und die Grenadinen|Saint-Vincent-et-les-Grenadines|San Vicente y las Granadinas|São Vicente e Granadinas|Saint Vincent e Grenadine
VE|58|Venezuela|Venezuela|Venezuela|Venezuela|Venezuela|Venezuela
VG|1|British Virgin Islands|Britische Jungferninseln|Îles Vierges britanniques|Islas Vírgenes Británicas|Ilhas Virgens Britânicas|Isole Vergini Britanniche
VI|1|U.S. Virgin Islands|Amerikanische Jungferninseln|Îles Vierges américaines|Islas Vírgenes de EE. UU.|Ilhas Virgens Americanas|Isole Vergini Americane
VN|84|Vietnam|Vietnam|Viêt Nam|Vietnam|Vietname|Vietnam
VU|678|Vanuatu|Vanuatu|Vanuatu|Vanuatu|Vanuatu|Vanuatu
WF|681|Wallis and Futuna|Wallis und Futuna|Wallis-et-Futuna|Wallis y Futuna|Wallis e Futuna|Wallis e Futuna
WS|685|Samoa|Samoa|Samoa|Samoa|Samoa|Samoa
XK|383|Kosovo|Kosovo|Kosovo|Kosovo|Kosovo|Kosovo
YE|967|Yemen|Jemen|Yémen|Yemen|Iémen|Yemen
YT|262|Mayotte|Mayotte|Mayotte|Mayotte|Maiote|Mayotte
ZA|27|South Africa|Südafrika|Afrique du Sud|Sudáfrica|África do Sul|Sudafrica
ZM|260|Zambia|Sambia|Zambie|Zambia|Zâmbia|Zambia
ZW|263|Zimbabwe|Simbabwe|Zimbabwe|Zimbabue|Zimbabué|Zimbabwe
"""  # noqa: E501 - one country is one row
"""Rows of ISO 3166 region, calling code without its plus, and the names, between upright bars."""
