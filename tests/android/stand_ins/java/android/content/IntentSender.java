package android.content;

import android.os.Parcelable;

public class IntentSender implements Parcelable {
    public static class SendIntentException extends android.util.AndroidException {
        public SendIntentException(String name) {
            super(name);
        }
    }
}
