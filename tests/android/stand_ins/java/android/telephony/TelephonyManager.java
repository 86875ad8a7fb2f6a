package android.telephony;

public class TelephonyManager {
    public static final String ACTION_PHONE_STATE_CHANGED = "android.intent.action.PHONE_STATE";
    public static final String EXTRA_STATE = "state";
    public static final String EXTRA_INCOMING_NUMBER = "incoming_number";
    public static final String EXTRA_STATE_IDLE = "IDLE";
    public static final String EXTRA_STATE_RINGING = "RINGING";
    public static final String EXTRA_STATE_OFFHOOK = "OFFHOOK";
}
