package com.google.android.gms.auth.api.phone;

import android.app.Activity;
import android.content.Context;
import org.ringproof.standin.PlayServices;

public final class SmsRetriever {
    public static final String SMS_RETRIEVED_ACTION = "com.google.android.gms.auth.api.phone.SMS_RETRIEVED";
    public static final String SEND_PERMISSION = "com.google.android.gms.auth.api.phone.permission.SEND";
    public static final String EXTRA_SMS_MESSAGE = "com.google.android.gms.auth.api.phone.EXTRA_SMS_MESSAGE";
    public static final String EXTRA_STATUS = "com.google.android.gms.auth.api.phone.EXTRA_STATUS";
    public static final String EXTRA_CONSENT_INTENT =
            "com.google.android.gms.auth.api.phone.EXTRA_CONSENT_INTENT";

    private SmsRetriever() {}

    public static SmsRetrieverClient getClient(Context context) {
        return PlayServices.smsClient();
    }

    public static SmsRetrieverClient getClient(Activity activity) {
        return PlayServices.smsClient();
    }
}
