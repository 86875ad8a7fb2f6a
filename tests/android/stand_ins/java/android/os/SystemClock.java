package android.os;

import org.ringproof.standin.Phone;

public final class SystemClock {
    private SystemClock() {}

    public static long elapsedRealtime() {
        return Phone.elapsedMs();
    }
}
