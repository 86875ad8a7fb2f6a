"""A shop on an origin of its own: the sign-up page, and the back end that checks the proof of the phone.

SHOP_SERVER=https://verify.example SHOP_KEY=rp_pk_… SHOP_APPLICATION=app_… flask --app app.py run
"""

import os

from flask import Flask, Response, jsonify, render_template, request, session

from ringproof import TokenInvalidError, TokenVerifier

app = Flask(__name__)
app.config.update(SECRET_KEY=os.urandom(32).hex(), SESSION_COOKIE_SAMESITE="Strict")
app.config.from_prefixed_env("SHOP")  # SHOP_SECRET_KEY too, where there is more than one process
SERVER, KEY, APPLICATION = (app.config[name] for name in ("SERVER", "KEY", "APPLICATION"))
POLICY = f"default-src 'none'; script-src 'self' {SERVER}; connect-src 'self' {SERVER}; style-src 'self'; \
img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
tokens = TokenVerifier(issuer=SERVER, audience=APPLICATION, jwks_url=f"{SERVER}/.well-known/jwks.json")


@app.get("/")
def page() -> str:
    nonce = session.setdefault("nonce", os.urandom(16).hex())  # ties the proof to this browser, once
    return render_template("sign_up.html", server=SERVER, key=KEY, nonce=nonce)


@app.post("/accounts")
def create_account() -> tuple[Response, int]:
    try:
        phone = tokens.verify(request.get_json()["token"], nonce=session.get("nonce", ""))
    except TokenInvalidError:
        return jsonify(error="The phone number is not proved."), 403
    session.pop("nonce")
    return jsonify(ends_in=phone.phone_number[-4:], proved_by=phone.channel), 201


@app.after_request
def protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    return response
