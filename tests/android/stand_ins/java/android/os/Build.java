package android.os;

public class Build {
    public static String MANUFACTURER = "Ringproof";
    public static String MODEL = "Stand-in";

    /** Not final here, so that a test can be another phone. */
    public static class VERSION {
        public static int SDK_INT = 35;
        public static String RELEASE = "15";
    }
}
