package android.telecom;

import android.net.Uri;

public final class Call {
    private Call() {}

    public static class Details {
        public static final int DIRECTION_UNKNOWN = -1;
        public static final int DIRECTION_INCOMING = 0;
        public static final int DIRECTION_OUTGOING = 1;

        private final Uri handle;
        private final int direction;

        Details(Uri handle, int direction) {
            this.handle = handle;
            this.direction = direction;
        }

        public Uri getHandle() {
            return handle;
        }

        public int getCallDirection() {
            return direction;
        }
    }
}
