-- Made-up data. See expected.json for what must come out, as of 2026-11-23T08:00:00Z, window 2026-09-24 .. 2027-06-01.
SET NAMES utf8mb4;
INSERT INTO wp_options (option_name, option_value) VALUES ('timezone_string','Europe/Madrid'),('gmt_offset','1');
INSERT INTO wp_amelia_users (id, type, firstName, lastName, email, phone, birthday, timeZone) VALUES
 (1,'provider','Ana','Ruiz','ana@clinica.example','+34910000001',NULL,NULL),
 (10,'customer','Lucía','Gómez','lucia@mail.example','+34600000010','1990-05-01',NULL),
 (11,'customer','John','Smith','john@mail.example','+12125550111',NULL,'America/New_York'),
 (12,'customer','Chloé','Dupont-Lévy','chloe@mail.example','',NULL,NULL),
 (13,'customer','Zoë 😀','O\'Brien "Z"','zoe@mail.example',NULL,NULL,NULL),
 (14,'customer','Max','',NULL,'+4915100000014',NULL,NULL);
INSERT INTO wp_amelia_locations (id, name, address, phone) VALUES (1,'Centro','Calle Mayor 1','+34910000009');
INSERT INTO wp_amelia_services (id, name, minCapacity, maxCapacity, duration) VALUES (1,'Haircut',1,1,1800),(2,'Yoga class',1,10,3600);
INSERT INTO wp_amelia_events (id, name, status, locationId, customLocation, organizerId) VALUES
 (1,'Pottery weekend','approved',1,NULL,1),
 (2,'Wine evening','canceled',NULL,'Bodega José, Haro',1),
 (3,'Open house','approved',NULL,NULL,NULL),
 (4,'Night walk','approved',NULL,'Plaza Mayor',1);
INSERT INTO wp_amelia_events_periods (id, eventId, periodStart, periodEnd, zoomMeeting, googleMeetUrl) VALUES
 (1,1,'2026-11-28 09:00:00','2026-11-28 13:00:00','{"joinUrl":"https://zoom.example/e1"}',NULL),
 (2,1,'2026-11-29 09:00:00','2026-11-29 13:00:00','',NULL),
 (3,2,'2026-11-27 19:00:00','2026-11-27 22:00:00',NULL,NULL),
 (4,3,'2026-11-30 10:00:00','2026-11-30 11:00:00',NULL,'https://meet.example/e3'),
 (5,4,'2027-03-28 00:30:00','2027-03-28 03:00:00',NULL,NULL),
 (6,4,'2030-03-28 00:30:00','2030-03-28 03:00:00',NULL,NULL);
INSERT INTO wp_amelia_customer_bookings (id, appointmentId, customerId, status, price, persons, customFields, info) VALUES
 (41,NULL,10,'approved',60,2,NULL,'{"locale":"es_ES"}'),
 (42,NULL,11,'approved',60,1,NULL,'{"locale":"en_US"}'),
 (43,NULL,12,'rejected',60,1,NULL,'{"locale":"fr_FR"}'),
 (44,NULL,13,'waiting',60,1,NULL,'{"locale":null}'),
 (45,NULL,10,'approved',30,1,NULL,'{"locale":"es_ES"}'),
 (46,NULL,14,'no-show',10,1,NULL,NULL);
INSERT INTO wp_amelia_customer_bookings_to_events_periods (customerBookingId, eventPeriodId) VALUES
 (41,1),(41,2),(42,1),(42,2),(43,1),(44,2),(45,3),(46,5);
