package com.google.android.gms.auth.api.identity;

import android.app.PendingIntent;
import android.content.Intent;
import com.google.android.gms.common.api.ApiException;
import com.google.android.gms.tasks.Task;

public interface SignInClient {
    Task<PendingIntent> getPhoneNumberHintIntent(GetPhoneNumberHintIntentRequest request);

    String getPhoneNumberFromIntent(Intent data) throws ApiException;
}
