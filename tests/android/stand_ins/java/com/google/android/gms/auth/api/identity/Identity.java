package com.google.android.gms.auth.api.identity;

import android.app.Activity;
import android.content.Context;
import org.ringproof.standin.PlayServices;

public final class Identity {
    private Identity() {}

    public static SignInClient getSignInClient(Activity activity) {
        return PlayServices.signInClient();
    }

    public static SignInClient getSignInClient(Context context) {
        return PlayServices.signInClient();
    }
}
