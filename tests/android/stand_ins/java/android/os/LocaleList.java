package android.os;

import java.util.Locale;
import org.ringproof.standin.Looks;

public final class LocaleList {
    private final String[] tags;

    private LocaleList(String[] tags) {
        this.tags = tags;
    }

    /** A LocaleList; the description that the stand-ins are compared with leaves the type open. */
    public static Object getDefault() {
        return new LocaleList(Looks.languages());
    }

    public int size() {
        return tags.length;
    }

    public Locale get(int index) {
        return Locale.forLanguageTag(tags[index]);
    }
}
