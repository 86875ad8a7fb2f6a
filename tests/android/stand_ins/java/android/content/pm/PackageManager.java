package android.content.pm;

public abstract class PackageManager {
    public static final int PERMISSION_GRANTED = 0;
    public static final int PERMISSION_DENIED = -1;
    public static final int GET_SIGNATURES = 64;
    public static final int GET_PERMISSIONS = 4096;
    public static final String FEATURE_TELEPHONY = "android.hardware.telephony";

    public static class NameNotFoundException extends android.util.AndroidException {
        public NameNotFoundException(String name) {
            super(name);
        }
    }

    public abstract boolean hasSystemFeature(String name);

    public abstract PackageInfo getPackageInfo(String packageName, int flags) throws NameNotFoundException;
}
