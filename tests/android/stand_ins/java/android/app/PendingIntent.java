package android.app;

import android.content.IntentSender;
import android.os.Parcelable;

public final class PendingIntent implements Parcelable {
    private final IntentSender sender = new IntentSender();

    public IntentSender getIntentSender() {
        return sender;
    }
}
