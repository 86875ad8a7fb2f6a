package org.ringproof.standin;

import android.content.res.Configuration;
import android.graphics.Insets;

/** What the person has set, and what the maker has cut out of the screen. */
public final class Looks {
    public static final Configuration CONFIGURATION = new Configuration();

    private static volatile String[] languages = {};
    private static volatile Insets bars;
    private static volatile String[] countries = {"", ""};
    private static volatile int lines = 1;

    private Looks() {}

    public static void speak(String... tags) {
        languages = tags;
    }

    public static String[] languages() {
        return languages;
    }

    public static void cover(int left, int top, int right, int bottom) {
        bars = Insets.of(left, top, right, bottom);
    }

    /** Null until the window has been shown. */
    public static Insets bars() {
        return bars;
    }

    public static void subscribe(String simCountry, String networkCountry, int count) {
        countries = new String[] {simCountry, networkCountry};
        lines = count;
    }

    public static String country(int which) {
        return countries[which];
    }

    public static int lines() {
        return lines;
    }

    public static void darken(boolean dark) {
        int rest = CONFIGURATION.uiMode & ~Configuration.UI_MODE_NIGHT_MASK;
        CONFIGURATION.uiMode = rest | (dark ? Configuration.UI_MODE_NIGHT_YES : Configuration.UI_MODE_NIGHT_NO);
    }
}
