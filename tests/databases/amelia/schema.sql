-- A database like that of Amelia 2.4.3 in a WordPress, reduced to what reminders need: tables, columns and types only.
-- MariaDB or MySQL: `mariadb DATABASE < schema.sql`, then seed.sql. The prefix is `wp_`.
-- bookingStart, bookingEnd, periodStart and periodEnd are UTC and have no index; nothing says when a row was changed.
SET NAMES utf8mb4;
CREATE TABLE wp_options (
  option_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, option_name VARCHAR(191) NOT NULL DEFAULT '' UNIQUE,
  option_value LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_amelia_users (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, type ENUM('customer','provider','manager','admin') NOT NULL,
  firstName VARCHAR(255) NOT NULL DEFAULT '', lastName VARCHAR(255) NOT NULL DEFAULT '', email VARCHAR(255) UNIQUE,
  birthday DATE, phone VARCHAR(63), timeZone VARCHAR(255)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_amelia_locations (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL DEFAULT '', address VARCHAR(255) NOT NULL,
  phone VARCHAR(63) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_amelia_services (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL DEFAULT '', minCapacity INT NOT NULL,
  maxCapacity INT NOT NULL, duration INT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_amelia_appointments (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, status ENUM('approved','pending','canceled','rejected','no-show'),
  bookingStart DATETIME NOT NULL, bookingEnd DATETIME NOT NULL, serviceId INT NOT NULL, providerId INT NOT NULL,
  locationId INT, googleMeetUrl VARCHAR(255), zoomMeeting TEXT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_amelia_customer_bookings (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, appointmentId INT, customerId INT NOT NULL,
  status ENUM('approved','pending','canceled','rejected','no-show','waiting'), price DOUBLE NOT NULL, persons INT NOT NULL,
  customFields TEXT, info TEXT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_amelia_events (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL DEFAULT '',
  status ENUM('approved','pending','canceled','rejected') NOT NULL, locationId BIGINT, customLocation VARCHAR(255),
  organizerId BIGINT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE wp_amelia_events_periods (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, eventId BIGINT NOT NULL, periodStart DATETIME NOT NULL,
  periodEnd DATETIME NOT NULL, zoomMeeting TEXT, googleMeetUrl VARCHAR(255)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_amelia_customer_bookings_to_events_periods (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, customerBookingId BIGINT NOT NULL, eventPeriodId BIGINT NOT NULL,
  UNIQUE KEY bookingEventPeriod (customerBookingId, eventPeriodId)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
