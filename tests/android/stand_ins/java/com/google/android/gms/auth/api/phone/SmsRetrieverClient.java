package com.google.android.gms.auth.api.phone;

import com.google.android.gms.tasks.Task;

public abstract class SmsRetrieverClient {
    public abstract Task<Void> startSmsRetriever();

    public abstract Task<Void> startSmsUserConsent(String senderAddress);
}
