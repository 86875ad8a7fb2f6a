package android.net;

import android.os.Parcelable;

public abstract class Uri implements Parcelable {
    private Uri() {}

    public static Uri parse(String text) {
        if (text == null) {
            throw new NullPointerException("uriString");
        }
        return new Uri() {
            @Override
            public String toString() {
                return text;
            }
        };
    }

    public static Uri fromParts(String scheme, String part, String fragment) {
        return parse(scheme + ":" + encode(part) + (fragment == null ? "" : "#" + encode(fragment)));
    }

    public static String encode(String text) {
        try {
            return java.net.URLEncoder.encode(text, "UTF-8").replace("+", "%20");
        } catch (java.io.UnsupportedEncodingException never) {
            throw new AssertionError(never);
        }
    }

    public String getScheme() {
        int colon = toString().indexOf(':');
        return colon < 0 ? null : toString().substring(0, colon);
    }

    public String getSchemeSpecificPart() {
        String part = toString().substring(toString().indexOf(':') + 1);
        int fragment = part.indexOf('#');
        try {
            String whole = fragment < 0 ? part : part.substring(0, fragment);
            return java.net.URLDecoder.decode(whole.replace("+", "%2B"), "UTF-8");
        } catch (java.io.UnsupportedEncodingException never) {
            throw new AssertionError(never);
        }
    }

    public String getAuthority() {
        String rest = toString().substring(toString().indexOf(':') + 1);
        if (!rest.startsWith("//")) {
            return null;
        }
        int slash = rest.indexOf('/', 2);
        return slash < 0 ? rest.substring(2) : rest.substring(2, slash);
    }

    @Override
    public abstract String toString();

    @Override
    public boolean equals(Object other) {
        return other instanceof Uri && other.toString().equals(toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }
}
