package android.telephony;

import org.ringproof.standin.Looks;

public class TelephonyManager {
    public static final String ACTION_PHONE_STATE_CHANGED = "android.intent.action.PHONE_STATE";
    public static final String EXTRA_STATE = "state";
    public static final String EXTRA_INCOMING_NUMBER = "incoming_number";
    public static final String EXTRA_STATE_IDLE = "IDLE";
    public static final String EXTRA_STATE_RINGING = "RINGING";
    public static final String EXTRA_STATE_OFFHOOK = "OFFHOOK";

    public String getSimCountryIso() {
        return Looks.country(0);
    }

    public String getNetworkCountryIso() {
        return Looks.country(1);
    }

    public int getPhoneCount() {
        return Looks.lines();
    }

    /** Since API 30. */
    public int getActiveModemCount() {
        return Looks.lines();
    }
}
