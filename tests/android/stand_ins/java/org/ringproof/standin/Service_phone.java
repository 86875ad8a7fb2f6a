package org.ringproof.standin;

import android.telephony.TelephonyManager;

/** What getSystemService("phone") answers. */
public final class Service_phone extends TelephonyManager {
    public Service_phone() {}
}
