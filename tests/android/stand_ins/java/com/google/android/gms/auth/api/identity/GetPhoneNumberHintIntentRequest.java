package com.google.android.gms.auth.api.identity;

public final class GetPhoneNumberHintIntentRequest {
    private GetPhoneNumberHintIntentRequest() {}

    public static Builder builder() {
        return new Builder();
    }

    public static final class Builder {
        private Builder() {}

        public GetPhoneNumberHintIntentRequest build() {
            return new GetPhoneNumberHintIntentRequest();
        }
    }
}
